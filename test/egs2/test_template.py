"""egs2/TEMPLATE/asr1: setup.sh, path.sh, db.sh and scripts/audio/format_wav_scp.sh."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

REPO = Path(__file__).parents[2]
TEMPLATE = REPO / "egs2" / "TEMPLATE" / "asr1"


def bash(text: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **env}
    command = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True)


def test_setup_makes_a_recipe(tmp_path):
    (tmp_path / "TEMPLATE").symlink_to(TEMPLATE.parent)
    for _ in range(2):  # the second call changes nothing
        result = bash(f"{TEMPLATE}/setup.sh {tmp_path}/corpus/asr1", tmp_path)
        assert result.returncode == 0, result.stderr
    recipe = tmp_path / "corpus/asr1"
    assert os.readlink(recipe / "asr.sh") == "../../TEMPLATE/asr1/asr.sh"
    assert (recipe / "utils/recipe.sh").exists() and (recipe / "scripts/audio/format_wav_scp.sh").exists()
    assert (recipe / "cmd.sh").exists() and not (recipe / "cmd.sh").is_symlink()
    assert bash("./asr.sh --help", recipe).returncode == 0


def test_setup_refuses_another_place(tmp_path):
    result = bash(f"{TEMPLATE}/setup.sh {tmp_path}/a/b", tmp_path)
    assert result.returncode == 1 and "TEMPLATE" in result.stderr and not (tmp_path / "a").exists()
    assert bash(f"{TEMPLATE}/setup.sh", tmp_path).returncode == 1


def test_path_sh_finds_the_toolkit(tmp_path):
    result = bash(
        f". {TEMPLATE}/path.sh; echo ${{MAIN_ROOT}} ${{LC_ALL}} ${{OMP_NUM_THREADS}} ${{PYTHONPATH}}; "
        "python3 -c 'import espnet2'",
        tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(REPO), "C", "1", str(REPO)]
    assert bash(f". {TEMPLATE}/path.sh; echo ${{OMP_NUM_THREADS}}", tmp_path, OMP_NUM_THREADS="4").stdout == "4\n"


@pytest.mark.skipif((REPO / "tools/activate_python.sh").exists(), reason="the toolkit's own interpreter is installed")
def test_path_sh_tells_how_to_install(tmp_path):
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    result = bash(f". {TEMPLATE}/path.sh; echo on", tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == 1 and "make -C" in result.stderr and "on" not in result.stdout


def test_db_sh_yields_to_the_environment(tmp_path):
    assert bash(f". {TEMPLATE}/db.sh; echo ${{FSDD}} ${{AN4}}", tmp_path, FSDD="/here").stdout == "/here downloads\n"


def format_wav_scp(folder: Path, args: str) -> subprocess.CompletedProcess:
    for name in ("utils", "scripts"):
        if not (folder / name).exists():
            (folder / name).symlink_to(TEMPLATE / name)
    return bash(f". {TEMPLATE}/path.sh; scripts/audio/format_wav_scp.sh {args}", folder)


@pytest.mark.slow
def test_audio_is_formatted_in_parallel_jobs(tmp_path):
    rng = np.random.default_rng(0)
    for n in range(3):
        soundfile.write(tmp_path / f"{n}.wav", 0.1 * rng.standard_normal(16000), 16000)
    (tmp_path / "wav.scp").write_text("".join(f"r{n} {n}.wav\n" for n in range(3)))
    (tmp_path / "segments").write_text("a r0 0.0 0.5\nb r0 0.5 1.0\nc r1 0.25 0.5\nd r2 0.0 -1\n")
    result = format_wav_scp(tmp_path, "--nj 9 --fs 8k --audio_format flac --segments segments wav.scp out")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out/utt2num_samples").read_text() == "a 4000\nb 4000\nc 2000\nd 8000\n"
    scp = dict(line.split() for line in (tmp_path / "out/wav.scp").read_text().splitlines())
    assert list(scp) == list("abcd")
    audio, rate = soundfile.read(tmp_path / scp["c"])
    assert rate == 8000 and len(audio) == 2000
    assert (tmp_path / "out/logs/segments.4").exists() and (tmp_path / "out/logs/format_wav_scp.4.log").exists()


def test_a_missing_list_is_told(tmp_path):
    assert "none.scp: no such file" in format_wav_scp(tmp_path, "none.scp out").stderr
    result = format_wav_scp(tmp_path, "")
    assert result.returncode == 1 and "<wav.scp> <out-dir>" in result.stderr

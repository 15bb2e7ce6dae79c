"""egs2/TEMPLATE/asr1/cmd.sh: every backend it names is a runner that exists."""

import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]


def source(folder: Path, backend: str) -> subprocess.CompletedProcess:
    text = (REPO / "egs2/TEMPLATE/asr1/cmd.sh").read_text()
    assert "cmd_backend='local'" in text
    (folder / "cmd.sh").write_text(text.replace("cmd_backend='local'", f"cmd_backend='{backend}'"))
    script = ". ./cmd.sh && printenv train_cmd cuda_cmd decode_cmd"
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("backend", ["local", "stdout", "slurm", "sge", "pbs", "ssh"])
def test_backends(tmp_path, backend):
    runners = source(tmp_path, backend).stdout.split()
    assert len(runners) == 3 and all((REPO / "utils" / runner).is_file() for runner in runners)


def test_an_unknown_backend_is_refused(tmp_path):
    result = source(tmp_path, "slrum")
    assert result.returncode == 1 and "unknown cmd_backend 'slrum'; known: local" in result.stderr

"""A small recipe from waveforms to scores through all of asr.sh: tones stand for spoken digits."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

REPO = Path(__file__).parents[2]
RATE = 8000
WORDS = ["ONE", "TWO", "THREE", "FOUR", "FIVE"]

ASR_YAML = """
encoder: transformer
encoder_conf: {output_size: 32, attention_heads: 2, linear_units: 64, num_blocks: 1, dropout_rate: 0.0}
decoder: transformer
decoder_conf: {attention_heads: 2, linear_units: 64, num_blocks: 1}
frontend_conf: {n_fft: 256, hop_length: 80}
model_conf: {ctc_weight: 0.5}
optim: adam
optim_conf: {lr: 0.002}
batch_type: folded
batch_size: 8
max_epoch: 2
keep_nbest_models: 2
"""
LM_YAML = "lm_conf: {unit: 16, nlayers: 1}\noptim: adam\nbatch_type: folded\nbatch_size: 8\nmax_epoch: 1\n"
DECODE_YAML = "beam_size: 3\nctc_weight: 0.5\nlm_weight: 0.1\nmaxlenratio: 0.3\n"


def speak(words: list[int], pitch: float, rng: np.random.Generator) -> np.ndarray:
    """A quarter of a second per word: two tones that tell which."""
    time = np.arange(RATE // 4) / RATE
    phase = 2 * np.pi * pitch * time
    tones = [np.sin((300 + 150 * word) * phase) + np.sin((1200 + 300 * word) * phase) for word in words]
    return 0.2 * np.concatenate(tones) + 0.01 * rng.standard_normal(RATE // 4 * len(words))


def write_set(recipe: Path, name: str, num: int, rng: np.random.Generator, with_segments: bool = False) -> None:
    folder = recipe / "data" / name
    folder.mkdir(parents=True)
    (recipe / "wavs").mkdir(exist_ok=True)
    lines: dict[str, list[str]] = {key: [] for key in ("wav.scp", "text", "utt2spk", "spk2utt", "segments")}
    for n in range(num):
        words = rng.integers(0, len(WORDS), rng.integers(2, 5)).tolist()
        speaker = f"{name}{n % 2}"
        uid, path = f"{speaker}-{n:02d}", f"wavs/{name}{n}.wav"
        soundfile.write(recipe / path, speak(words, 1 + 0.1 * (n % 2), rng), RATE)
        recording = f"{uid}-rec" if with_segments else uid
        lines["wav.scp"].append(f"{recording} {path}\n")
        lines["segments"].append(f"{uid} {recording} 0.0 {len(words) / 4}\n")
        lines["text"].append(f"{uid} {' '.join(WORDS[w] for w in words)}\n")
        lines["utt2spk"].append(f"{uid} {speaker}\n")
    for speaker in (f"{name}0", f"{name}1"):
        utterances = sorted(line.split()[0] for line in lines["utt2spk"] if line.split()[1] == speaker)
        lines["spk2utt"].append(f"{speaker} {' '.join(utterances)}\n")
    if not with_segments:
        del lines["segments"]
    for file, content in lines.items():
        (folder / file).write_text("".join(sorted(content)))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tones") / "asr1"
    for link in ("asr.sh", "path.sh", "db.sh", "cmd.sh", "scripts", "pyscripts", "steps", "utils"):
        folder.mkdir(exist_ok=True)
        (folder / link).symlink_to(REPO / "egs2/TEMPLATE/asr1" / link)
    rng = np.random.default_rng(0)
    write_set(folder, "train", 16, rng)
    write_set(folder, "dev", 4, rng)
    write_set(folder, "test", 4, rng, with_segments=True)
    for name, text in (("asr", ASR_YAML), ("lm", LM_YAML), ("decode", DECODE_YAML)):
        (folder / f"{name}.yaml").write_text(text)
    (folder / "local").mkdir()
    (folder / "local/data.sh").write_text("#!/bin/bash\n. ./path.sh\n")
    (folder / "local/data.sh").chmod(0o755)
    return folder


def run(recipe: Path, *args: str) -> str:
    command = [
        "./asr.sh", "--train_set", "train", "--valid_set", "dev", "--test_sets", "test", "--fs", "8k",
        "--lang", "en", "--nbpe", "20",
        "--speed_perturb_factors", "0.9 1.0", "--asr_config", "asr.yaml", "--lm_config", "lm.yaml",
        "--inference_config", "decode.yaml", "--ngpu", "0", "--nj", "2", "--inference_nj", "2", *args,
    ]  # fmt: skip
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    result = subprocess.run(command, cwd=recipe, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout[-8000:]
    return result.stdout


@pytest.mark.slow
def test_stages_1_to_13(recipe):
    out = run(recipe)
    stats, lm = recipe / "exp/asr_stats_raw_en_bpe20_sp", recipe / "exp/lm_lm_en_bpe20"
    exp = recipe / "exp/asr_asr_raw_en_bpe20_sp"
    decoded = exp / "decode_lm_lm_lm_en_bpe20_valid.loss.ave_asr_model_valid.acc.ave"
    for path in (
        lm / "perplexity_test/ppl", stats / "train/feats_stats.npz", stats / "run.sh", exp / "config.yaml",
        exp / "train.log", exp / "checkpoint.pth", exp / "valid.acc.ave.pth", exp / "images/loss.png",
        exp / "RESULTS.md", decoded / "test/logdir/calculate_rtf.log", decoded / "test/score_wer/result.txt",
        decoded / "test/score_ter/result.txt",
    ):  # fmt: skip
        assert path.exists(), path
    ids = [line.split()[0] for line in (recipe / "data/test/text").read_text().splitlines()]
    assert [line.split()[0] for line in (decoded / "test/text").read_text().splitlines()] == ids
    assert len((recipe / "dump/raw/train_sp/text").read_text().splitlines()) == 32
    assert re.search(r"epoch 2/2: train loss \S+ acc \S+, valid loss", out)
    assert "### WER" in out and "Successfully finished." in out


@pytest.mark.slow
def test_more_epochs_resume_the_experiment(recipe):
    """``--asr_exp`` with other flags goes on from checkpoint.pth; the old log is kept."""
    exp = "exp/asr_asr_raw_en_bpe20_sp"
    run(recipe, "--stage", "asr_train", "--stop_stage", "asr_train", "--asr_exp", exp, "--asr_args", "--max_epoch 3")
    log = (recipe / exp / "train.log").read_text()
    assert "3/3epoch started" in log and "1/3epoch started" not in log
    assert (recipe / exp / "train.1.log").exists() and (recipe / exp / "3epoch.pth").exists()

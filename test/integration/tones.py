"""A small recipe outside of the repository: tones stand for spoken digits."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def speak(words: list[int], pitch: float, rng: np.random.Generator) -> np.ndarray:
    """A quarter of a second per word: two tones that tell which."""
    time = np.arange(RATE // 4) / RATE
    phase = 2 * np.pi * pitch * time
    tones = [np.sin((300 + 150 * word) * phase) + np.sin((1200 + 300 * word) * phase) for word in words]
    return 0.2 * np.concatenate(tones) + 0.01 * rng.standard_normal(RATE // 4 * len(words))


def write_set(recipe: Path, name: str, num: int, rng: np.random.Generator, with_segments: bool = False) -> None:
    """``data/<name>`` of some utterances by two speakers."""
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


def make_recipe(folder: Path) -> None:
    """The files of a recipe, without data."""
    folder.mkdir(parents=True, exist_ok=True)
    for link in ("asr.sh", "path.sh", "db.sh", "cmd.sh", "scripts", "pyscripts", "steps", "utils"):
        (folder / link).symlink_to(REPO / "egs2/TEMPLATE/asr1" / link)
    (folder / "asr.yaml").write_text(ASR_YAML)
    (folder / "local").mkdir()
    (folder / "local/data.sh").write_text("#!/bin/bash\n. ./path.sh\n")
    (folder / "local/data.sh").chmod(0o755)


def run_in(folder: Path, *command: str) -> subprocess.CompletedProcess:
    """Run with this interpreter first in the PATH; stdout and stderr together."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(REPO)}
    return subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

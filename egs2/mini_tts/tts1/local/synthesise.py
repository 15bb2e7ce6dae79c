#!/usr/bin/env python3
"""Make the recordings and data folders of mini_tts (wav.scp, text and utt2spk of each set).

Each sentence is spoken in a fresh fork of this process, so its audio depends neither on --nj nor on what was spoken before.
"""
import argparse
import os
import random
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from espeak import Espeak
from forks import in_forks
from sentences import sentence

SAMPLE_RATE = 16000
SPEAKER = "mini"
VOICE, RATE, PITCH, PITCH_RANGE = "en-us", 145, 50, 50
FIRST = {"train": 1, "dev": 8001, "test": 9001}  # number of the first sentence of each set
PEAK = 0.6
HISS = 3e-5  # standard deviation of the noise, of full scale: digital silence has no logarithm


class Utterance(NamedTuple):
    """What is to be spoken, and where it goes."""

    name: str
    text: str
    wav: Path


def plan(set_name: str, num_utterances: int, audio_dir: Path, known: Collection[str]) -> Iterator[Utterance]:
    """Draw the sentences of a set, sorted by id; none of them is among those known, and none comes twice."""
    drawn = set(known)
    for number in range(FIRST[set_name], FIRST[set_name] + num_utterances):
        name = f"{SPEAKER}-{number:04d}"
        rng = random.Random(name)
        text = sentence(rng)
        while text in drawn:
            text = sentence(rng)
        drawn.add(text)
        yield Utterance(name, text, audio_dir / set_name / f"{name}.wav")


def record(espeak: Espeak, utterance: Utterance) -> None:
    """Speak one sentence and write it, with a tenth of a second of silence around."""
    samples = espeak.speak(utterance.text, VOICE, RATE, PITCH, PITCH_RANGE)
    speech = soxr.resample(samples.astype(np.float64), espeak.sample_rate, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(speech) > 0.01 * np.abs(speech).max())
    speech = np.pad(speech[loud[0] : loud[-1] + 1], SAMPLE_RATE // 10)
    speech *= PEAK / np.abs(speech).max()
    seed = random.Random(f"hiss of {utterance.name}").getrandbits(32)
    speech += HISS * np.random.RandomState(seed).standard_normal(len(speech))  # the same numbers in every release of numpy
    soundfile.write(utterance.wav, np.round(speech * 32767).astype(np.int16), SAMPLE_RATE, subtype="PCM_16")


def write_data_dir(folder: Path, utterances: list[Utterance]) -> None:
    """Write the Kaldi files of one set."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {
        "wav.scp": [f"{u.name} {u.wav}" for u in utterances],
        "text": [f"{u.name} {u.text}" for u in utterances],
        "utt2spk": [f"{u.name} {SPEAKER}" for u in utterances],
    }
    for name, rows in lines.items():
        (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio_dir", type=Path, default=Path("downloads/wav"), help="Where the wav files go")
    parser.add_argument("--data_dir", type=Path, default=Path("data"), help="Where the data folders go")
    parser.add_argument("--nj", type=int, default=os.cpu_count(), help="Processes at a time")
    for name, size in (("train", 540), ("dev", 20), ("test", 40)):
        parser.add_argument(f"--num_{name}", type=int, default=size, help=f"Sentences of {name}")
    args = parser.parse_args()

    espeak = Espeak()
    known: set[str] = set()
    for name in FIRST:
        (args.audio_dir / name).mkdir(parents=True, exist_ok=True)
        utterances = list(plan(name, getattr(args, f"num_{name}"), args.audio_dir, known))
        known.update(u.text for u in utterances)
        in_forks(lambda utterance: record(espeak, utterance), utterances, args.nj)
        write_data_dir(args.data_dir / name, utterances)
        seconds = sum(soundfile.info(u.wav).duration for u in utterances)
        print(f"{name}: {len(utterances)} sentences, {seconds / 60:.1f} minutes", file=sys.stderr)


if __name__ == "__main__":
    main()

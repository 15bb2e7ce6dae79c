#!/usr/bin/env python3
"""Make the recordings and data folders of mini_an4 (wav.scp, text, utt2spk and spk2voice of each set).

Every sentence has random numbers of its own, seeded by its utterance id, and is spoken in a fresh fork of this process:
the audio depends neither on --nj nor on what was spoken before, so every run writes the same bytes.
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
from numpy import fft  # numpy loads fft and random on first use: here once, not in every fork
from numpy import random as np_random
from sentences import LETTERS, listed, sentence
from voices import Speaker, speakers

SAMPLE_RATE = 16000
SETS = {"train_nodev": "train", "train_dev": "dev", "test": "test"}
NAMES_OF_LETTERS = listed(
    "eigh bee see dee ee ef jee aitch eye jay kay ell em en owe pee queue ar ess tee yew vee double-you ex wye zee"
)


class Utterance(NamedTuple):
    """What is to be spoken, by whom, and where it goes."""

    name: str
    words: list[str]
    speaker: Speaker
    wav: Path


def plan(set_name: str, num_utterances: int, audio_dir: Path, known: Collection[list[str]]) -> Iterator[Utterance]:
    """Deal sentences to the speakers of a set, sorted by utterance id; ``known`` ones only if they have 1-2 words."""
    people = speakers(SETS[set_name])
    for i, speaker in enumerate(people):
        for k in range(num_utterances * i // len(people), num_utterances * (i + 1) // len(people)):
            name = f"{speaker.name}-an{k:05d}"
            rng = random.Random(name)
            words = sentence(rng)
            while len(words) > 2 and words in known:
                words = sentence(rng)
            yield Utterance(name, words, speaker, audio_dir / set_name / f"{name}.wav")


def spoken(words: list[str], accent: str, rng: random.Random) -> str:
    """Spell the words for the synthesiser: letters by their names, and here and there a short break."""
    letters = dict(zip(LETTERS, NAMES_OF_LETTERS)) | ({} if "us" in accent else {"Z": "zed"})
    return " ".join(letters.get(w, w.lower()) + ("," if rng.random() < 0.12 else "") for w in words)


def noise(num_samples: int, seed: int) -> np.ndarray:
    """Noise of a room, between white and pink, of standard deviation 1.

    RandomState, unlike Generator, promises the same numbers in every release of numpy.
    """
    rng = np_random.RandomState(seed)
    size = 1 << num_samples.bit_length()  # a power of two: fast
    spectrum = fft.rfft(rng.standard_normal(size))
    spectrum /= np.maximum(fft.rfftfreq(size, 1 / SAMPLE_RATE), 50) ** rng.uniform(0, 0.7)
    samples = fft.irfft(spectrum)[:num_samples]
    return samples / samples.std()


def record(espeak: Espeak, utterance: Utterance) -> None:
    """Speak one utterance, put silence around and noise below it (15-35 dB), and write it."""
    rng = random.Random(f"audio of {utterance.name}")
    speaker = utterance.speaker
    rate, pitch = speaker.rate + rng.randint(-15, 15), speaker.pitch + rng.randint(-5, 5)
    text = spoken(utterance.words, speaker.accent, rng)
    samples = espeak.speak(text, speaker.voice, rate, pitch, speaker.pitch_range)
    speech = soxr.resample(samples.astype(np.float64), espeak.sample_rate, SAMPLE_RATE)
    speech = np.pad(speech, [rng.randint(800, 3200), rng.randint(800, 3200)])
    speech += noise(len(speech), rng.getrandbits(32)) * speech.std() * 10 ** (-rng.uniform(15, 35) / 20)
    speech *= rng.uniform(0.1, 0.9) / np.abs(speech).max()
    soundfile.write(utterance.wav, np.round(speech * 32767).astype(np.int16), SAMPLE_RATE, subtype="PCM_16")


def write_data_dir(folder: Path, utterances: list[Utterance]) -> None:
    """Write the Kaldi files of one set."""
    folder.mkdir(parents=True, exist_ok=True)
    people = sorted({u.speaker for u in utterances})
    lines = {
        "wav.scp": [f"{u.name} {u.wav}" for u in utterances],
        "text": [f"{u.name} {' '.join(u.words)}" for u in utterances],
        "utt2spk": [f"{u.name} {u.speaker.name}" for u in utterances],
        "spk2voice": [f"{p.name} {p.voice}" for p in people],
    }
    for name, rows in lines.items():
        (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio_dir", type=Path, default=Path("downloads/wav"), help="Where the wav files go")
    parser.add_argument("--data_dir", type=Path, default=Path("data"), help="Where the data folders go")
    parser.add_argument("--nj", type=int, default=os.cpu_count(), help="Processes at a time")
    for name, size in (("train_nodev", 2400), ("train_dev", 120), ("test", 320)):
        parser.add_argument(f"--num_{name}", type=int, default=size, help=f"Utterances of {name}")
    args = parser.parse_args()

    espeak = Espeak()
    known: list[list[str]] = []
    for name in SETS:
        (args.audio_dir / name).mkdir(parents=True, exist_ok=True)
        utterances = list(plan(name, getattr(args, f"num_{name}"), args.audio_dir, known))
        known = known or [u.words for u in utterances]  # the sentences of train
        in_forks(lambda utterance: record(espeak, utterance), utterances, args.nj)
        write_data_dir(args.data_dir / name, utterances)
        print(f"{name}: {len(utterances)} utterances of {len({u.speaker for u in utterances})} voices", file=sys.stderr)


if __name__ == "__main__":
    main()

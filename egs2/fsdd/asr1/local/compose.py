#!/usr/bin/env python3
"""Compose strings of 3 to 7 digits from FSDD's recordings of single digits, each string from one speaker.

========== ======================= ===================================================================
set        speakers                recordings of each digit
========== ======================= ===================================================================
train      all but the unseen ones 10 and on
dev        all but the unseen ones 5-9
test       all but the unseen ones 0-4, the test split that the makers of FSDD recommend
test_unseen the unseen ones        all
========== ======================= ===================================================================

The numbers of a string are seeded by its utterance id, so every run writes the same bytes.
"""
import argparse
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

WORDS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
SAMPLE_RATE = 8000
FADE_SAMPLES = 40  # 5 ms at both ends of a recording: they are cut tightly, in mid-sound
LEVEL = 0.05  # root mean square of every string, -26 dB; recordings differ by 18 dB
INDICES = {"train": range(10, 10**6), "dev": range(5, 10), "test": range(5), "test_unseen": range(10**6)}
Recordings = dict[tuple[str, int, int], Path]  # (speaker, digit, index) -> file


def find_recordings(fsdd: Path) -> Recordings:
    """List ``{digit}_{speaker}_{index}.wav`` in a clone of FSDD or in its folder ``recordings``.

    Raises:
        SystemExit: If there is none.
    """
    pattern = re.compile(r"(\d)_(\w+)_(\d+)\.wav")
    found = {}
    for folder in (fsdd / "recordings", fsdd):
        for path in sorted(folder.glob("*.wav")):
            if match := pattern.fullmatch(path.name):
                found[match[2], int(match[1]), int(match[3])] = path
        if found:
            return found
    raise SystemExit(f"ERROR: no recordings like 7_jackson_32.wav in {fsdd} or {fsdd / 'recordings'}")


def choose(recordings: Recordings, set_name: str, unseen: list[str]) -> Recordings:
    """The recordings that a set may use."""
    is_unseen = set_name == "test_unseen"
    return {k: p for k, p in recordings.items() if (k[0] in unseen) == is_unseen and k[2] in INDICES[set_name]}


def deal(cards: list[tuple[int, Path]], num_strings: int, rng: random.Random) -> Iterator[list[tuple[int, Path]]]:
    """Deal strings of 3 to 7 recordings from a shuffled pack; every recording comes before any comes again."""
    pack: list[tuple[int, Path]] = []
    for _ in range(num_strings):
        length = rng.randint(3, 7)
        while len(pack) < length:
            pack = rng.sample(cards, len(cards)) + pack
        yield [pack.pop() for _ in range(length)]


def read(path: Path) -> np.ndarray:
    """Read one recording (T,), without offset, faded at both ends.

    Raises:
        SystemExit: If it is not mono of 8 kHz or holds less than 20 ms.
    """
    samples, sample_rate = soundfile.read(path)
    if sample_rate != SAMPLE_RATE or samples.ndim != 1 or len(samples) < 4 * FADE_SAMPLES:
        raise SystemExit(f"ERROR: {path}: shape {samples.shape} at {sample_rate} Hz, expected mono of {SAMPLE_RATE} Hz")
    samples = samples - samples.mean()
    ramp = np.linspace(0, 1, FADE_SAMPLES)
    samples[:FADE_SAMPLES] *= ramp
    samples[-FADE_SAMPLES:] *= ramp[::-1]
    return samples


def floor_of(recordings: list[np.ndarray]) -> float:
    """The level of the quietest 10 ms frames, at most 30 dB below the speech: what a pause sounds like."""
    samples = np.concatenate(recordings)
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    return min(np.percentile(frames.std(axis=1), 5), samples.std() * 10 ** (-30 / 20))


def compose(recordings: list[np.ndarray], seed: str) -> np.ndarray:
    """Join recordings with pauses between and around them, over a noise of their own floor.

    A third of the joints overlap by up to 30 ms, as in fluent speech; the other pauses last up to 0.35 s.
    """
    rng = random.Random(seed)
    position = rng.randint(400, 2000)
    starts = []
    for recording in recordings:
        starts.append(position)
        pause = -rng.randint(0, 240) if rng.random() < 1 / 3 else rng.randint(0, 2800)
        position += max(len(recording) + pause, FADE_SAMPLES)
    size = max(start + len(recording) for start, recording in zip(starts, recordings)) + rng.randint(400, 2000)
    # RandomState, unlike Generator, promises the same numbers in every release of numpy
    string = np.random.RandomState(rng.getrandbits(32)).standard_normal(size) * floor_of(recordings) / 2
    for start, recording in zip(starts, recordings):
        string[start : start + len(recording)] += recording
    string *= LEVEL / string.std()
    return string / max(1.0, np.abs(string).max())


def make_set(name: str, recordings: Recordings, num_strings: int, audio_dir: Path, data_dir: Path) -> None:
    """Write the audio and the Kaldi files (wav.scp, text, utt2spk) of one set."""
    lines: dict[str, list[str]] = {"wav.scp": [], "text": [], "utt2spk": []}
    people = sorted({speaker for speaker, _, _ in recordings})
    (audio_dir / name).mkdir(parents=True, exist_ok=True)
    for i, speaker in enumerate(people):
        cards = [(digit, path) for (who, digit, _), path in sorted(recordings.items()) if who == speaker]
        share = range(num_strings * i // len(people), num_strings * (i + 1) // len(people))
        for k, string in zip(share, deal(cards, len(share), random.Random(f"{name} {speaker}"))):
            utterance = f"{speaker}-{name}-{k:05d}"
            samples = compose([read(path) for _, path in string], utterance)
            wav = audio_dir / name / f"{utterance}.wav"
            soundfile.write(wav, np.round(samples * 32767).astype(np.int16), SAMPLE_RATE, subtype="PCM_16")
            lines["wav.scp"].append(f"{utterance} {wav}\n")
            lines["text"].append(f"{utterance} {' '.join(WORDS[digit] for digit, _ in string)}\n")
            lines["utt2spk"].append(f"{utterance} {speaker}\n")
    (data_dir / name).mkdir(parents=True, exist_ok=True)
    for file_name, rows in lines.items():
        (data_dir / name / file_name).write_text("".join(rows), encoding="utf-8")
    print(f"{name}: {num_strings} strings of {len(recordings)} recordings by {' '.join(people)}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fsdd", type=Path, required=True, help="Clone of free-spoken-digit-dataset")
    parser.add_argument("--audio_dir", type=Path, default=Path("downloads/strings"), help="Where the strings go")
    parser.add_argument("--data_dir", type=Path, default=Path("data"), help="Where the data folders go")
    parser.add_argument("--unseen", nargs="+", default=["theo", "yweweler"], help="Speakers of test_unseen")
    for name, size in (("train", 2000), ("dev", 120), ("test", 300), ("test_unseen", 300)):
        parser.add_argument(f"--num_{name}", type=int, default=size, help=f"Strings of {name}")
    args = parser.parse_args()

    recordings = find_recordings(args.fsdd)
    people = {speaker for speaker, _, _ in recordings}
    if not set(args.unseen) < people:
        raise SystemExit(f"ERROR: --unseen {' '.join(args.unseen)}: the speakers are {' '.join(sorted(people))}")
    for name in INDICES:
        chosen = choose(recordings, name, args.unseen)
        if not chosen:
            raise SystemExit(f"ERROR: {args.fsdd} has no recordings for {name}; is the clone whole?")
        make_set(name, chosen, getattr(args, f"num_{name}"), args.audio_dir, args.data_dir)


if __name__ == "__main__":
    main()

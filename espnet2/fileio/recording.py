"""Recordings of any length, read block by block, so that an hour of audio needs the memory of seconds.

A recording is one channel at the rate that is wanted. It can be gone through as often as one likes; pieces of it are cut
out in passing.
"""

# N samples

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from espnet2.fileio.audio import open_sound
from espnet2.utils.errors import EmptyAudioError, InputError

if TYPE_CHECKING:
    import soundfile

BLOCK_SECONDS = 4
TO_THE_END = sys.maxsize
Span = tuple[int, int]  # first sample, and the one after the last


class Recording(Protocol):
    """Where samples come from."""

    sample_rate: int
    num_samples: int  # an MP3's is an estimate

    def blocks(self) -> Iterator[np.ndarray]:
        """All samples: some (N,) at a time."""

    def cut(self, spans: Sequence[Span]) -> Iterator[np.ndarray]:
        """The samples (N,) of each span; spans begin and end in the order of time and may overlap."""


class ArrayRecording:
    """Samples in memory; what is cut out of them is a view.

    Args:
        samples: (N,) or (N, channels).
        sample_rate: Theirs.
    """

    def __init__(self, samples: np.ndarray, sample_rate: int):
        self.samples, self.sample_rate, self.num_samples = samples, sample_rate, len(samples)

    def blocks(self) -> Iterator[np.ndarray]:
        """The samples in views of some seconds; several channels are averaged."""
        size = BLOCK_SECONDS * self.sample_rate
        for start in range(0, len(self.samples), size):
            block = self.samples[start : start + size]
            yield block if block.ndim == 1 else block.mean(1)

    def cut(self, spans: Sequence[Span]) -> Iterator[np.ndarray]:
        """Views (N,) or (N, channels)."""
        for start, end in spans:
            yield self.samples[start:end]


class FileRecording:
    """A sound file, its channels averaged and resampled in passing.

    Args:
        source: As in ``read_audio``.
        sample_rate: The wanted rate.
    Raises:
        InputError: If the file is missing, not audio, or its end is lost.
        EmptyAudioError: If it has no samples.
    """

    def __init__(self, source: str, sample_rate: int):
        self.source, self.sample_rate = source, sample_rate
        with open_sound(source) as sound:
            self.file_rate = sound.samplerate
            self.num_samples = round(sound.frames * sample_rate / sound.samplerate)
            if sound.frames == 0:
                raise EmptyAudioError(f"{source}: no samples")
            if sound.format != "MP3":  # its length is an estimate
                sound.seek(sound.frames - 1)
                _check_length(source, sound, sound.frames - 1 + len(sound.read(1)))

    def blocks(self) -> Iterator[np.ndarray]:
        """The samples as float32.

        Raises:
            InputError: If the file is shorter than its header says, or has a sample that is NaN or infinite.
        """
        import soxr

        with open_sound(self.source) as sound:
            blocks = _mono_blocks(self.source, sound)
            if self.file_rate == self.sample_rate:
                yield from blocks
                return
            resampler = soxr.ResampleStream(self.file_rate, self.sample_rate, 1, dtype="float32", quality="HQ")
            for block in blocks:
                yield resampler.resample_chunk(block)
            yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)

    def cut(self, spans: Sequence[Span]) -> Iterator[np.ndarray]:
        """Copies (N,) of the spans; the file is read once."""
        return cut_blocks(self.blocks(), spans)


def _mono_blocks(source: str, sound: "soundfile.SoundFile") -> Iterator[np.ndarray]:
    """All samples of an open file, a few seconds at a time."""
    may_be_infinite = sound.subtype in ("FLOAT", "DOUBLE")
    position = 0
    while len(block := sound.read(BLOCK_SECONDS * sound.samplerate, dtype="float32", always_2d=True)):
        if may_be_infinite and not np.isfinite(block).all():
            bad = position + int(np.argmin(np.isfinite(block).all(1)))
            raise InputError(f"{source}: sample {bad} is NaN or infinite; write it anew or leave the file out")
        position += len(block)
        yield block[:, 0] if block.shape[1] == 1 else block.mean(1)
    if sound.format != "MP3":
        _check_length(source, sound, position)


def _check_length(source: str, sound: "soundfile.SoundFile", found: int) -> None:
    if found < sound.frames:
        raise InputError(f"{source}: truncated: {found} samples; the header says {sound.frames}")


def cut_blocks(blocks: Iterable[np.ndarray], spans: Sequence[Span]) -> Iterator[np.ndarray]:
    """Pieces of a stream of samples, of which no more is held than the longest piece.

    Args:
        blocks: The stream, (N,) at a time.
        spans: Which pieces; they begin and end in the order of time and may overlap. One that reaches beyond the end
            of the stream ends there.

    Yields:
        The samples (N,) of each.
    """
    stream = iter(blocks)
    held: list[np.ndarray] = []
    first = position = 0  # of what is held, and of what comes next
    for start, end in spans:
        while position < end and (block := next(stream, None)) is not None:
            held.append(block)
            position += len(block)
            while held and first + len(held[0]) <= start:
                first += len(held.pop(0))
        rest = np.concatenate([*held, np.zeros(0, np.float32)])[max(start - first, 0) :]
        first = max(first, start)
        yield rest[: end - first]
        held = [rest]

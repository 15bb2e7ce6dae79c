"""Where live speech comes from: files and folders, raw samples on standard input, a microphone."""

# N samples
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple

import numpy as np

from espnet2.fileio.microphone import microphone_chunks
from espnet2.fileio.recording import FileRecording
from espnet2.inference.input_files import STANDARD_INPUT, find_files
from espnet2.utils.errors import EmptyAudioError, InputError

BYTES = 2  # of a sample of standard input


class Source(NamedTuple):
    """One stream of speech."""

    name: str
    sample_rate: int
    chunks: Iterator[np.ndarray]  # (N,) each


def find_sources(
    words: Iterable[str], microphone: bool, model_rate: int, input_rate: int | None, num_samples: int, is_realtime: bool
) -> Iterator[Source]:
    """The sources that a command line names, one after another.

    Args:
        words: Files, folders, or ``-`` for raw samples on standard input: one channel, 16 bits, little endian.
        microphone: Listen to the microphone, last.
        model_rate: The model's rate, to which files are resampled.
        input_rate: That of standard input and the microphone; None: the model's.
        num_samples: Of a chunk.
        is_realtime: Let the chunks of files come no faster than they are spoken.
    Raises:
        InputError: If a file cannot be read, or the microphone not be opened.
    """
    rate = input_rate or model_rate
    for word in words:
        if word == STANDARD_INPUT:
            yield Source("standard input", rate, raw_chunks(sys.stdin.buffer, num_samples))
            continue
        with ExitStack() as stack:
            for file in find_files([word], stack):
                chunks = file_chunks(file.path, model_rate, num_samples)
                yield Source(file.name, model_rate, in_real_time(chunks, model_rate) if is_realtime else chunks)
    if microphone:
        yield Source("microphone", rate, microphone_chunks(rate, num_samples))


def file_chunks(path: str, sample_rate: int, num_samples: int) -> Iterator[np.ndarray]:
    """A sound file at a wanted rate, in chunks (N,); the last one may be shorter."""
    try:
        blocks = FileRecording(path, sample_rate).blocks()
    except EmptyAudioError:
        return
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= num_samples:
            yield held[:num_samples]
            held = held[num_samples:]
    if len(held):
        yield held


def raw_chunks(stream: BinaryIO, num_samples: int) -> Iterator[np.ndarray]:
    """Raw 16-bit samples as they come, at most so many at a time: (N,).

    Raises:
        InputError: If the stream ends within a sample.
    """
    read = getattr(stream, "read1", stream.read)  # what is there, without waiting for more
    rest = b""
    while data := read(BYTES * num_samples):
        data = rest + data
        whole = len(data) // BYTES * BYTES
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2")
    if rest:
        raise InputError(
            "standard input ends within a sample; it must be raw 16-bit samples, such as sox -t raw -b 16 writes"
        )


def in_real_time(chunks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Each chunk when its last sample would have been spoken."""
    began, position = time.monotonic(), 0
    for chunk in chunks:
        position += len(chunk)
        time.sleep(max(0.0, began + position / sample_rate - time.monotonic()))
        yield chunk

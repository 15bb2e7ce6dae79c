"""Sound files and pipes to arrays, with a refusal for everything that would train a model on garbage.

soundfile (libsndfile) decodes; on top of it: pipes, audio inside Kaldi archives, and truncation, emptiness, NaN and
infinity told with the name of the source.
"""

# T samples, C channels

import io
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from espnet2.fileio.audio_header import missing_bytes
from espnet2.fileio.kaldi_ark import read_ark_audio
from espnet2.utils.errors import EmptyAudioError, InputError

if TYPE_CHECKING:
    import soundfile

_UNKNOWN_LENGTH = 2**62  # libsndfile's count for a FLAC stream without a length is near 2**63
_MAX_OVERSHOOT_SECONDS = 0.5  # Kaldi's extract-segments forgives as much
_ARK = re.compile(r"(.+\.ark):(\d+)")


class AudioInfo(NamedTuple):
    """What a sound file's header says."""

    num_samples: int  # per channel
    sample_rate: int
    num_channels: int
    subtype: str  # soundfile's name of the sample coding, e.g. PCM_16
    format: str  # soundfile's name of the container, e.g. WAV, FLAC


def is_pipe(source: str) -> bool:
    """Whether the value of a wav.scp line is a command to run rather than a path."""
    return source.rstrip().endswith("|")


def read_audio(
    source: str, dtype: str = "float32", start_seconds: float | None = None, end_seconds: float | None = None
) -> tuple[np.ndarray, int]:
    """Read a recording or a piece of it.

    Args:
        source: A path, a command that ends in ``|`` and writes a sound file to its output, or ``x.ark:offset``.
        dtype: ``float32``, ``float64`` (in [-1, 1] unless the file is overscaled), ``int16`` or ``int32``.
        start_seconds: Where the piece starts; the sample is ``int(seconds * rate)``.
        end_seconds: Where it ends; None or a negative number means the end of the recording.
    Returns:
        Samples (T,) or (T, C), and the sampling rate.
    Raises:
        InputError: If the file is missing, the pipe fails, nothing can be decoded, the file is shorter than its header
            says, it has no samples, NaN or infinite ones, or the piece lies outside. The message names the source.
    """
    with open_sound(source) as sound:
        first, last = sample_range(source, sound.frames, sound.samplerate, start_seconds, end_seconds)
        samples = _decode(source, sound, first, last - first, dtype)
        rate, subtype = sound.samplerate, sound.subtype
    if len(samples) == 0:
        raise EmptyAudioError(f"{source}: no samples")
    if subtype in ("FLOAT", "DOUBLE") and not np.isfinite(samples).all():
        bad = int(np.argmin(np.isfinite(samples).reshape(len(samples), -1).all(axis=1)))
        raise InputError(f"{source}: sample {first + bad} is NaN or infinite; write it anew or leave the utterance out")
    return samples, rate


def audio_info(source: str) -> AudioInfo:
    """Length, rate, channels and coding, without decoding (a pipe has to be run for it).

    Raises:
        InputError: As ``read_audio``, as far as the header tells.
    """
    with open_sound(source) as sound:
        return AudioInfo(sound.frames, sound.samplerate, sound.channels, sound.subtype, sound.format)


def sample_range(source: str, length: int, rate: int, start: float | None, end: float | None) -> tuple[int, int]:
    """First sample, and the one after the last, of a piece given in seconds.

    Args:
        source: For the message.
        length: Samples of the recording.
        rate: Its sampling rate.
        start: Seconds; None means 0.
        end: Seconds; None or a negative number means the recording's end. Half a second too many is forgiven.
    Raises:
        InputError: If the recording has no such piece.
    """
    first = int((start or 0) * rate)
    last = length if end is None or end < 0 else int(end * rate)
    if last - length > _MAX_OVERSHOOT_SECONDS * rate or first < 0 or (first >= min(last, length) and length > 0):
        raise InputError(f"{source}: no piece from {start} to {end} s in a recording of {length / rate:.3f} s")
    return first, min(last, length)


@contextmanager
def open_sound(source: str) -> Iterator["soundfile.SoundFile"]:
    """The sound file behind a source, its header checked."""
    import soundfile

    source = source.strip()
    try:
        with _encoded(source) as stream:
            missing = missing_bytes(stream)
            if missing:
                raise InputError(f"{source}: truncated: the header promises {missing} bytes more than the file has")
            stream.seek(0)
            with _sound_file(source, stream) as sound:
                yield sound
    except FileNotFoundError:
        raise InputError(f"{source}: no such audio file") from None
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror})") from None
    except soundfile.LibsndfileError as error:
        raise InputError(f"{source}: broken, or of a format that libsndfile lacks ({error.error_string})") from None


def _sound_file(source: str, stream: BinaryIO) -> "soundfile.SoundFile":
    import soundfile

    try:  # by name where there is one: C reads files faster than through a python object
        sound = soundfile.SoundFile(stream if isinstance(stream, io.BytesIO) else source)
    except TypeError:  # soundfile's answer to a name that ends in .raw
        raise InputError(f"{source}: headerless; give it as a pipe that adds a header: `sox ... -t wav - |`") from None
    if sound.frames > _UNKNOWN_LENGTH:
        sound.close()
        raise InputError(f"{source}: {sound.format} without a length in its header; convert it to wav")
    return sound


def _encoded(source: str) -> BinaryIO:
    """The bytes of a sound file: the file itself, or in memory those of a pipe or an archive's entry."""
    if is_pipe(source):
        return io.BytesIO(_run(source))
    if match := _ARK.fullmatch(source):
        return io.BytesIO(read_ark_audio(match[1], int(match[2])))
    if os.path.isdir(source):
        raise InputError(f"{source}: a folder, not an audio file")
    return open(source, "rb")


def _run(source: str) -> bytes:
    """What the command of a ``cmd |`` line writes."""
    command = source.rstrip().removesuffix("|")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL, capture_output=True)
    complaint = done.stderr.decode(errors="replace").strip()[-500:]
    if done.returncode:
        raise InputError(f"{source}: exit code {done.returncode}{': ' if complaint else ''}{complaint}")
    if not done.stdout:
        raise InputError(f"{source}: the command wrote nothing{': ' if complaint else ''}{complaint}")
    return done.stdout


def _decode(source: str, sound: "soundfile.SoundFile", first: int, count: int, dtype: str) -> np.ndarray:
    """``count`` samples from ``first`` on; fewer come when the end of a compressed file is lost."""
    if first:
        sound.seek(first)
    samples = sound.read(count, dtype=dtype)
    spare = 2304 + count // 100 if sound.format == "MP3" else 0  # an MP3's length is an estimate
    if len(samples) + spare < count:
        raise InputError(f"{source}: truncated: {first + len(samples)} samples; the header says {sound.frames}")
    return samples

"""The table of data types: how the third word of ``path,name,type`` is read.

A reader gives the datum of an id. Tables stay on disk (``ScpIndex``), so a reader costs the same for ten utterances and
for ten million, and goes to a worker process as a path.
"""

# T time (samples, frames), C channels, D dimensions

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from espnet2.fileio.audio import audio_info, read_audio
from espnet2.fileio.corpus_index import ScpIndex
from espnet2.fileio.kaldi_ark import read_ark
from espnet2.fileio.read_text import parse_numbers
from espnet2.fileio.signal import resample
from espnet2.train.unkeyed_readers import Hdf5Reader, RandomTextReader, RttmReader
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

_RATE_TRIES = 100


class ScpReader:
    """``<id> <value>`` lines and what a value stands for.

    Args:
        path: The table.
        decode: From a value to the datum.
    """

    def __init__(self, path: str | Path, decode: Callable[[str], Any]):
        self.path = path
        self.ids = ScpIndex(path)
        self.decode = decode

    def __getitem__(self, uid: str) -> Any:
        try:
            value = self.ids[uid]
        except KeyError:
            raise InputError(f"{self.path}: there is no utterance '{uid}'") from None
        try:
            return self.decode(value)
        except (InputError, ValueError) as error:
            raise InputError(f"{self.path}:{self.ids.line_of(uid)}: utterance '{uid}': {error}") from error


class SoundReader(ScpReader):
    """Audio in [-1, 1], (T,) or (T, C); all files of a corpus have the sample rate of its first one.

    Args:
        path: ``<id> <sound file>`` lines.
        allow_multi_rates: Accept any rate.
        join: Makes one array of the arrays of several files on a line; by default there is one file.

    Attributes:
        model_rate: The rate that the model works at, if that is known; then all files must have it.
        resamples: Bring other files to the model's rate instead of refusing them.
    """

    model_rate: int | None = None
    resamples: bool = False

    def __init__(
        self,
        path: str | Path,
        allow_multi_rates: bool = False,
        join: Callable[[list[np.ndarray]], np.ndarray] | None = None,
    ):
        super().__init__(path, self._decode)
        self.allow_multi_rates = allow_multi_rates
        self.join = join
        self._rate: int | None = None
        self._told_rates: set[int] = set()

    def _decode(self, value: str) -> np.ndarray:
        if self.join is None:
            return self._one(value)
        return self.join([self._one(word) for word in value.split()])

    def _one(self, source: str) -> np.ndarray:
        audio, rate = read_audio(source)
        if not self.allow_multi_rates:
            self._check_rate(source, rate)
        return resample(audio, rate, self.model_rate) if self.resamples and self.model_rate is not None else audio

    def _check_rate(self, source: str, rate: int) -> None:
        if self.resamples and self.model_rate not in (None, rate):
            if rate not in self._told_rates:
                logging.warning(f"{source}: {rate} Hz; it and others of this rate are resampled to the model's {self.model_rate} Hz")
            self._told_rates.add(rate)
        elif self.model_rate not in (None, rate):
            raise InputError(
                f"{source}: {rate} Hz, but the model works at {self.model_rate} Hz: resample the audio (the format stage of "
                f"a recipe does, with --fs {self.model_rate}), or train a model with --frontend_conf fs={rate}"
            )
        if self.model_rate is None and rate != (corpus_rate := self._corpus_rate(rate)):
            raise InputError(
                f"{source}: {rate} Hz, where the corpus begins with {corpus_rate} Hz; resample it (the format stage "
                "does) or give --allow_multi_rates true"
            )

    def check_first(self) -> None:
        """Read the header of the first sound of the table that has one.

        Raises:
            InputError: If its rate is not the model's; names file, line and utterance.
        """
        row, source, rate = self._first_sound()
        try:
            if rate is not None and not self.allow_multi_rates:
                self._check_rate(source, rate)
        except InputError as error:
            raise InputError(f"{self.path}:{row + 1}: utterance '{self.ids.id_at(row)}': {error}") from None

    def _corpus_rate(self, fallback: int) -> int:
        """The rate of the first file of the table that has one, which does not depend on what was read so far."""
        if self._rate is None:
            self._rate = self._first_sound()[2] or fallback
        return self._rate

    def _first_sound(self) -> tuple[int, str, int | None]:
        """Row, source and rate of the first line whose header can be read."""
        for row in range(min(len(self.ids), _RATE_TRIES)):
            value = self.ids.value_at(row)
            try:
                source = value if self.join is None else value.split()[0]
                return row, source, audio_info(source).sample_rate
            except (InputError, IndexError):
                continue  # is reported when its turn comes
        return 0, "", None


class ArkReader(SoundReader):
    """Matrices (T, D) and vectors of Kaldi archives, or audio where the archive holds sound files."""

    def _decode(self, value: str) -> np.ndarray:
        if _holds_audio(value):
            return super()._decode(value)
        return _finite(read_ark)(value)


def _holds_audio(reference: str) -> bool:
    """Whether an archive's entry is a sound file (Kaldi's RIFF, kaldiio's AUDIO)."""
    path, colon, offset = reference.rpartition(":")
    if not colon or not offset.isdigit():
        return False
    try:
        with open(path, "rb") as stream:
            stream.seek(int(offset))
            return stream.read(5).startswith((b"AUDIO", b"RIFF"))
    except OSError as error:
        raise InputError(f"{path}: the archive cannot be read ({error.strerror})") from None


def _columns(channels: list[np.ndarray]) -> np.ndarray:
    """Files side by side -> (T, C)."""
    lengths = [len(channel) for channel in channels]
    if len(set(lengths)) != 1:
        raise InputError(f"the files of one line have different lengths: {lengths} samples")
    return np.concatenate([channel.reshape(len(channel), -1) for channel in channels], axis=1)


def _stacked(channels: list[np.ndarray]) -> np.ndarray:
    """Files one above the other -> (C, T, ...), the shorter ones filled with NaN."""
    longest = max(len(channel) for channel in channels)
    stacked = np.full((len(channels), longest, *channels[0].shape[1:]), np.nan, channels[0].dtype)
    for row, channel in zip(stacked, channels):
        row[: len(channel)] = channel
    return stacked


def _finite(read: Callable[[str], np.ndarray]) -> Callable[[str], np.ndarray]:
    def checked(value: str) -> np.ndarray:
        array = read(value)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{value}: has NaN or infinite values")
        return array

    return checked


def _npy(value: str) -> np.ndarray:
    try:
        return np.load(value, allow_pickle=False)
    except (OSError, EOFError) as error:
        raise InputError(f"{value}: cannot be read as .npy ({error})") from error


def _numbers(loader_type: str, dtype: type) -> Callable[[str], np.ndarray]:
    return lambda value: np.asarray(parse_numbers(value, loader_type), dtype)


def _random(draw: Callable[[tuple[int, ...]], np.ndarray]) -> Callable[[str], np.ndarray]:
    """A value is a shape, such as ``3,4``."""
    return lambda value: draw(tuple(int(word) for word in value.split(",")))


Opener = Callable[[str, bool], Any]  # path, allow_multi_rates -> reader


def _scp(decode: Callable[[str], Any]) -> Opener:
    return lambda path, _: ScpReader(path, decode)


DATA_TYPES: dict[str, Opener] = {
    "sound": lambda path, multi: SoundReader(path, multi),
    "multi_columns_sound": lambda path, multi: SoundReader(path, multi, _columns),
    "variable_columns_sound": lambda path, multi: SoundReader(path, multi, _stacked),
    "kaldi_ark": lambda path, multi: ArkReader(path, multi),
    "npy": _scp(_finite(_npy)),
    "text_int": _scp(_numbers("text_int", np.int64)),
    "csv_int": _scp(_numbers("csv_int", np.int64)),
    "text_float": _scp(_numbers("text_float", np.float32)),
    "csv_float": _scp(_numbers("csv_float", np.float32)),
    "text": _scp(str),
    "random_text": lambda path, _: RandomTextReader(path),
    "hdf5": lambda path, _: Hdf5Reader(path),
    "rand_float": _scp(_random(lambda shape: np.random.randn(*shape).astype(np.float32))),
    "rttm": lambda path, _: RttmReader(path),
}
_RAND_INT = re.compile(r"rand_int_(-?\d+)_(-?\d+)")


def open_reader(
    path: str, data_type: str, allow_multi_rates: bool = False, sample_rate: int | None = None, resamples: bool = False
) -> Any:
    """The reader of a file.

    Args:
        path: The table.
        data_type: A key of ``DATA_TYPES``, or ``rand_int_<low>_<high>``.
        allow_multi_rates: For sound.
        sample_rate: For sound: the rate that the model works at.
        resamples: For sound: bring other rates to it.
    Returns:
        An object with ``[uid]``; ``.ids`` is its ``ScpIndex`` where it has one.
    Raises:
        InputError: If the type is unknown or the file cannot be opened.
    """
    if match := _RAND_INT.fullmatch(data_type):
        low, high = int(match[1]), int(match[2])
        return ScpReader(path, _random(lambda shape: np.random.randint(low, high, shape)))
    if data_type not in DATA_TYPES:
        known = [*DATA_TYPES, "rand_int_<low>_<high>"]
        raise InputError(f"{path}: data type '{data_type}' is unknown.{did_you_mean(data_type, known)}")
    reader = DATA_TYPES[data_type](path, allow_multi_rates)
    if isinstance(reader, SoundReader):
        reader.model_rate, reader.resamples = sample_rate, resamples
    return reader

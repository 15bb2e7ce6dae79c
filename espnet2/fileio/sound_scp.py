"""Sound files of a data folder: written one per utterance (or per channel), read through their table."""

# T samples, C channels

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from espnet2.fileio.audio import read_audio
from espnet2.fileio.read_text import read_2columns_text
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError
from espnet2.utils.paths import path_below

DEFAULT_SUBTYPES = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS"}
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_FLAC_MAX_CHANNELS = 8


def encode_audio(samples: np.ndarray, rate: int, audio_format: str, subtype: str | None = None) -> bytes:
    """A sound file in memory; samples beyond full scale are clipped, 16-bit samples that were read come out unchanged.

    Args:
        samples: (T,) or (T, C), full scale is [-1, 1].
        rate: Sampling rate.
        audio_format: ``wav``, ``flac`` or ``ogg``.
        subtype: soundfile's name of the coding; ``PCM_16`` (ogg: ``VORBIS``) if None.
    Raises:
        InputError: If the format cannot hold that coding or that many channels.
    """
    import soundfile

    subtype = check_format(audio_format, subtype)
    if audio_format == "flac" and samples.ndim == 2 and samples.shape[1] > _FLAC_MAX_CHANNELS:
        raise InputError(f"{samples.shape[1]} channels: flac holds {_FLAC_MAX_CHANNELS} at most; use wav or pick some")
    if subtype in _BITS:  # scaled here: libsndfile would multiply by 32767 what it has divided by 32768
        unused = 32 - _BITS[subtype]
        limit = 2.0 ** (_BITS[subtype] - 1)
        levels = np.clip(np.rint(samples * np.float64(limit)), -limit, limit - 1)
        samples = levels.astype(np.int32) << unused
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=audio_format.upper(), subtype=subtype)
    return buffer.getvalue()


def check_format(audio_format: str, subtype: str | None = None) -> str:
    """The coding to write, after a look at whether the format has it.

    Raises:
        InputError: If ``audio_format`` is unknown or cannot hold ``subtype``.
    """
    import soundfile

    if audio_format not in DEFAULT_SUBTYPES:
        raise InputError(f"audio format '{audio_format}' is unknown. Known: {', '.join(DEFAULT_SUBTYPES)}")
    subtype = subtype or DEFAULT_SUBTYPES[audio_format]
    if not soundfile.check_format(audio_format.upper(), subtype):
        known = ", ".join(soundfile.available_subtypes(audio_format.upper()))
        raise InputError(f"{audio_format} has no coding '{subtype}'. Known: {known}")
    return subtype


class SoundScpWriter:
    """``with SoundScpWriter("wavs", "wav.scp") as writer: writer[utterance] = rate, samples``.

    Args:
        outdir: Where the files go, as ``<utterance>.<format>``, with ``multi_columns`` ``<utterance>-CH<c>.<format>``.
        scpfile: The table; it gets its name when the block ends without an error.
        format: ``wav``, ``flac`` or ``ogg``.
        subtype: soundfile's name of the coding.
        multi_columns: One file per channel, all in the utterance's line.
    """

    def __init__(
        self,
        outdir: str | os.PathLike,
        scpfile: str | os.PathLike,
        format: str = "wav",
        subtype: str | None = None,
        multi_columns: bool = False,
    ):
        self.outdir, self.scpfile = Path(outdir), Path(scpfile)
        self.format, self.subtype, self.multi_columns = format, check_format(format, subtype), multi_columns

    def __enter__(self) -> "SoundScpWriter":
        self._table = atomic_write(self.scpfile, "w")
        self._stream = self._table.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._table.__exit__(*error)

    def __setitem__(self, key: str, rate_samples: tuple[int, np.ndarray]) -> None:
        rate, samples = rate_samples
        if not self.multi_columns:
            self.refer(key, self._write(key, samples, rate))
            return
        channels = samples.reshape(len(samples), -1).T
        self.refer(key, " ".join(self._write(f"{key}-CH{c}", channel, rate) for c, channel in enumerate(channels)))

    def refer(self, key: str, source: str) -> None:
        """Write a line that names a file that is there already."""
        self._stream.write(f"{key} {source}\n")

    def _write(self, name: str, samples: np.ndarray, rate: int) -> str:
        path = path_below(self.outdir, f"{name}.{self.format}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_audio(samples, rate, self.format, self.subtype))
        return str(path)


def read_columns(sources: str, *piece: float | None) -> tuple[np.ndarray, int]:
    """Samples (T, C) of files that hold the channels of one recording, given in one line with blanks between them.

    Args:
        sources: The line's paths.
        *piece: Start and end in seconds, see ``read_audio``.
    Raises:
        InputError: If their lengths or rates differ, or one cannot be read.
    """
    columns = [read_audio(source, "float32", *piece) for source in sources.split()]
    if len({(len(samples), rate) for samples, rate in columns}) != 1:
        found = ", ".join(f"{len(samples)} at {rate} Hz" for samples, rate in columns)
        raise InputError(f"{sources}: the columns differ in samples or rate: {found}")
    return np.concatenate([samples.reshape(len(samples), -1) for samples, _ in columns], axis=1), columns[0][1]


class SoundScpReader:
    """``rate, samples = reader[utterance]`` of a table of ``<utterance> <source>`` lines.

    Args:
        path: The table.
        dtype: See ``read_audio`` (float32 only with ``multi_columns``).
        multi_columns: Whether a line names one file per channel.
    """

    def __init__(self, path: str | os.PathLike, dtype: str = "float32", multi_columns: bool = False):
        self.sources = read_2columns_text(path)
        self.dtype, self.multi_columns = dtype, multi_columns

    def __getitem__(self, key: str) -> tuple[int, np.ndarray]:
        source = self.sources[key]
        samples, rate = read_columns(source) if self.multi_columns else read_audio(source, self.dtype)
        return rate, samples

    def __contains__(self, key: object) -> bool:
        return key in self.sources

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def keys(self):
        """The keys in file order."""
        return self.sources.keys()

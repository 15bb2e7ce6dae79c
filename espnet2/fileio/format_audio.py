"""The format stage: from whatever a corpus has to plain sound files of one rate and coding, one per utterance.

What need not change is not written again: the new table then names the old file. All the same every sample is decoded
once, so that a broken file is found here and not in the second night of the training. Changes of speed and of the
sampling rate are one resampling.
"""

# T samples, C channels

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple, Protocol

import numpy as np

from espnet2.fileio.audio import audio_info, is_pipe, read_audio, sample_range
from espnet2.fileio.corpus_index import ScpIndex
from espnet2.fileio.kaldi_ark import KaldiArkWriter
from espnet2.fileio.read_text import read_2columns_text
from espnet2.fileio.signal import pick_channels, resample, trim
from espnet2.fileio.sound_scp import SoundScpWriter, check_format, encode_audio, read_columns
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

_MAX_REPORTED = 20
_CONTAINERS = {"wav": ("WAV", "WAVEX"), "flac": ("FLAC",), "ogg": ("OGG",)}  # what libsndfile calls them


@dataclass
class FormatOptions:
    """What the format stage is asked for; ``espnet2.bin.format_wav_scp --help`` tells of each."""

    name: str = "wav.scp"
    segments: str | None = None
    fs: int | None = None
    audio_format: str = "wav"
    audio_subtype: str | None = None
    ref_channels: str | None = None
    utt2ref_channels: str | None = None
    reco2speed: str | None = None
    vad_based_trim: str | None = None
    num_channels: int | None = None
    part_of: str | None = None
    multi_columns_input: bool = False
    multi_columns_output: bool = False


class Piece(NamedTuple):
    """One utterance to make."""

    utterance: str
    recording: str
    place: str  # file:line, for messages
    start_seconds: float | None = None
    end_seconds: float | None = None


class AudioWriter(Protocol):
    """Takes what the format stage has made of an utterance."""

    def __setitem__(self, key: str, rate_samples: tuple[int, np.ndarray]) -> None: ...


class AudioFormatter:
    """Format the utterances of one ``wav.scp``, or of a ``segments`` file that cuts them from it.

    Args:
        scp: The table of recordings.
        outdir: Gets the new table (``options.name``), ``utt2num_samples`` and the sound files.
        options: What to do.
    Raises:
        InputError: If options do not go together, or a table cannot be read.
    """

    def __init__(self, scp: str, outdir: str, options: FormatOptions):
        self.recordings, self.outdir, self.options = ScpIndex(scp), Path(outdir), options
        self.codec = options.audio_format.removesuffix(".ark")
        self.is_ark = self.codec != options.audio_format
        self.subtype = check_format(self.codec, options.audio_subtype)
        if self.is_ark and options.multi_columns_output:
            raise InputError(f"multi-column output cannot be had with {options.audio_format}: use {self.codec}")
        if options.ref_channels and options.utt2ref_channels:
            raise InputError("give --ref-channels or --utt2ref-channels, not both")
        paths = {name: getattr(options, name) for name in ("reco2speed", "utt2ref_channels", "vad_based_trim")}
        self.tables = {name: {} if path is None else read_2columns_text(path) for name, path in paths.items()}
        self._read_pipe = lru_cache(maxsize=1)(read_audio)  # run once for the segments of a recording
        self.num_kept = 0
        self.overscaled: list[str] = []

    def run(self) -> int:
        """Format all utterances; returns their number.

        Raises:
            InputError: If any cannot be formatted: up to 20 of them, with file, line and reason. The tables keep their
                former content then.
        """
        errors: list[str] = []
        number = 0
        with ExitStack() as files:
            writer = self._open_writer(files)
            lengths = files.enter_context(atomic_write(self.outdir / "utt2num_samples", "w"))
            for piece in self.pieces():
                number += 1
                try:
                    self._format(piece, writer, lengths)
                except InputError as error:
                    errors.append(f"{self._place(piece)}: '{piece.utterance}': {error}")
            if errors:
                more = [f"... and {len(errors) - _MAX_REPORTED} more"] if len(errors) > _MAX_REPORTED else []
                listed = "\n  ".join(errors[:_MAX_REPORTED] + more)
                raise InputError(f"{len(errors)} of {number} utterances cannot be formatted:\n  {listed}")
        if self.overscaled:
            logging.warning(
                "%d utterances have samples beyond full scale, which are clipped, such as %s",
                len(self.overscaled), ", ".join(self.overscaled[:3]),
            )  # fmt: skip
        logging.info("%d utterances, %d of them kept as they are", number, self.num_kept)
        return number

    def pieces(self) -> Iterator[Piece]:
        """The utterances in the order of their table.

        Raises:
            InputError: If a line of ``segments`` is not ``<utterance> <recording> <start> <end>``.
        """
        if self.options.segments is None:
            for line, key in enumerate(self.recordings, 1):
                yield Piece(key, key, f"{self.recordings.path}:{line}")
            return
        for line, (key, value) in enumerate(ScpIndex(self.options.segments).items(), 1):
            place = f"{self.options.segments}:{line}"
            try:
                recording, start, end = value.split()
                yield Piece(key, recording, place, float(start), float(end))
            except ValueError:
                raise InputError(f"{place}: expected '<recording> <start> <end>' after the id, not '{value}'") from None

    def _place(self, piece: Piece) -> str:
        """Where the user has written of the piece: a job reads a part of a table."""
        if self.options.part_of is None:
            return piece.place
        return f"{self.options.part_of}:{ScpIndex(self.options.part_of).line_of(piece.utterance)}"

    def _open_writer(self, files: ExitStack) -> AudioWriter:
        table = self.outdir / self.options.name
        if self.is_ark:
            ark = files.enter_context(KaldiArkWriter(self.outdir / f"data_{table.stem}.ark", table))
            return _ArkScpWriter(ark, self.codec, self.subtype)
        columns = self.options.multi_columns_output
        return files.enter_context(SoundScpWriter(self.outdir, table, self.codec, self.subtype, columns))

    def _format(self, piece: Piece, writer: AudioWriter, lengths: IO[str]) -> None:
        source = self.recordings.get(piece.recording)
        if source is None:
            raise InputError(f"{self.recordings.path} has no recording '{piece.recording}'")
        if not source:
            raise InputError("no path or command after the id")
        speed = self._speed(piece.recording)
        samples, rate = self._read(source, piece, speed)
        channels = self._row_of("utt2ref_channels", piece.utterance) or self.options.ref_channels
        if channels is not None:
            samples = pick_channels(samples, channels)
        num_channels = 1 if samples.ndim == 1 else samples.shape[1]
        if self.options.num_channels not in (None, num_channels):
            wanted = f"{num_channels} channels where {self.options.num_channels} is expected"
            raise InputError(f"{source}: {wanted}; choose, such as --ref_channels 0 for the first, or mix them beforehand")
        speech = self._row_of("vad_based_trim", piece.utterance)
        if speech is not None:
            samples = trim(samples, rate * speed, speech)
        if np.abs(samples).max() > 1:
            self.overscaled.append(piece.utterance)
        target = self.options.fs or rate
        if isinstance(writer, SoundScpWriter) and rate * speed == target and self._may_stay(piece, source):
            writer.refer(piece.utterance, source)
            self.num_kept += 1
        else:
            samples = resample(samples, rate * speed, target)
            writer[piece.utterance] = target, samples
        lengths.write(f"{piece.utterance} {len(samples)}\n")

    def _row_of(self, table: str, utterance: str) -> str | None:
        """An utterance's value in the table of an option; None without the option."""
        path = getattr(self.options, table)
        if path is not None and utterance not in self.tables[table]:
            raise InputError(f"{path} has no line for it")
        return self.tables[table].get(utterance)

    def _speed(self, recording: str) -> float:
        factor = self.tables["reco2speed"].get(recording, "1.0")
        try:
            speed = float(factor)
        except ValueError:
            speed = 0.0
        if not speed > 0:
            raise InputError(f"{self.options.reco2speed}: '{factor}' is no speed for '{recording}'")
        return speed

    def _read(self, source: str, piece: Piece, speed: float) -> tuple[np.ndarray, int]:
        """The piece's samples; the times of ``segments`` belong to the recording as it is after the change of speed."""
        start = None if piece.start_seconds is None else piece.start_seconds * speed
        end = None if piece.end_seconds is None or piece.end_seconds < 0 else piece.end_seconds * speed
        if self.options.multi_columns_input:
            return read_columns(source, start, end)
        if not is_pipe(source):
            return read_audio(source, "float32", start, end)
        samples, rate = self._read_pipe(source)
        first, last = sample_range(source, len(samples), rate, start, end)
        return samples[first:last], rate

    def _may_stay(self, piece: Piece, source: str) -> bool:
        """Whether the file itself is what would be written."""
        options = self.options
        changes = (options.ref_channels, options.utt2ref_channels, options.vad_based_trim)
        if any(changes) or piece.start_seconds is not None or is_pipe(source):
            return False
        if options.multi_columns_input != options.multi_columns_output:
            return False
        for path in source.split() if options.multi_columns_input else [source]:
            info = audio_info(path)
            is_same = (info.format in _CONTAINERS[self.codec], info.subtype == self.subtype)
            if not all(is_same) or Path(path).suffix != f".{self.codec}":
                return False
            if options.multi_columns_output and info.num_channels > 1:
                return False
        return True


class _ArkScpWriter:
    """``writer[utterance] = rate, samples`` into an archive."""

    def __init__(self, ark: KaldiArkWriter, codec: str, subtype: str):
        self.ark, self.codec, self.subtype = ark, codec, subtype

    def __setitem__(self, key: str, rate_samples: tuple[int, np.ndarray]) -> None:
        rate, samples = rate_samples
        self.ark.write_audio(key, encode_audio(samples, rate, self.codec, self.subtype))

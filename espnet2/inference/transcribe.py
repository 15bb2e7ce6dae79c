"""Sound files to text."""

import argparse
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from espnet2.config.options import from_args
from espnet2.fileio.recording import FileRecording
from espnet2.fileio.segmentation import SegmentLimits
from espnet2.inference.input_files import InputFile, check_output_names, find_files
from espnet2.inference.long_audio import Piece, Recogniser, as_segment, join, pieces_of, recognise_pieces
from espnet2.inference.options import RecogniserOptions, TranscribeOptions
from espnet2.inference.speech2text import Speech2Text
from espnet2.inference.stitch import Segment
from espnet2.inference.transcript_formats import TRANSCRIPT_FORMATS, Transcript, write_apart, write_together
from espnet2.search.options import SearchOptions
from espnet2.utils.errors import EmptyAudioError, InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.progress import progress_bar


def transcribe(args: argparse.Namespace) -> None:
    """Recognise sound files and write their text.

    Args:
        args: ``audio``, a list of files and folders, and the fields of ``TranscribeOptions``, ``RecogniserOptions`` and
            ``SearchOptions``.
    Raises:
        InputError: If options do not fit or the model cannot be read; at the end, if files could not be read. The others
            are transcribed.
    """
    options = from_args(TranscribeOptions, args)
    setup_logging(options.log_level)
    search = from_args(SearchOptions, args)
    if search.nbest > 1:
        raise InputError(
            "--nbest: only the best result of a file is written; espnet2.bin.asr_inference writes several."
        )
    limits = SegmentLimits(
        options.long_seconds, options.segment_seconds, options.overlap_seconds, options.pause_seconds
    )
    with ExitStack() as stack:
        files = find_files(args.audio, stack)
        _check_output(options, files)
        speech2text = _load(args, options, search)
        rate = model_sample_rate(speech2text.asr_model)
        open_files(files, rate, options.strict_rate)
        total = sum(file.duration_seconds for file in files)
        with progress_bar(total, "s", options.progress) as advance:
            transcripts = transcribe_files(speech2text, files, rate, limits, options.batch_size, advance)
            if options.output_dir is not None:
                write_apart(transcripts, TRANSCRIPT_FORMATS[options.format], options.output_dir)
            else:
                write_together(transcripts, TRANSCRIPT_FORMATS[options.format], options.output)
    errors = [file.error for file in files if file.error is not None]
    if errors:
        others = "; the others are transcribed" if len(errors) < len(files) else ""
        raise InputError("\n".join([f"{len(errors)} of {len(files)} files could not be read{others}:", *errors]))


def _check_output(options: TranscribeOptions, files: Sequence[InputFile]) -> None:
    """Refuse, before anything is loaded, what could not be written."""
    if options.output is not None and options.output_dir is not None:
        raise InputError("--output and --output_dir: name one of them.")
    if options.output_dir is not None:
        check_output_names(files)
    elif len(files) > 1 and TRANSCRIPT_FORMATS[options.format].each is None:
        raise InputError(f"--format {options.format}: {len(files)} files need --output_dir, with a file for each.")


def _load(args: argparse.Namespace, options: TranscribeOptions, search: SearchOptions) -> Speech2Text:
    models = asdict(from_args(RecogniserOptions, args))
    models["model_tag"] = options.exp or models["model_tag"]
    models["long_seconds"] = 0.0  # files are cut before they reach the recogniser
    speech2text = Speech2Text.from_pretrained(**models, **asdict(search), device="cuda" if options.ngpu else "cpu")
    # where the times of words cannot be had, pieces are joined and subtitles timed without them
    speech2text.word_times = speech2text.asr_model.ctc is not None and speech2text.sample_rate is not None
    return speech2text


def open_files(files: Iterable[InputFile], sample_rate: int, strict_rate: bool = False) -> None:
    """Open each file; what is wrong with one is told and kept in it.

    Args:
        files: Their ``recording`` or ``error`` is filled in; of an empty file neither.
        sample_rate: The rate wanted.
        strict_rate: Refuse files at another rate instead of resampling them.
    """
    for file in files:
        try:
            recording = FileRecording(file.path, sample_rate)
        except EmptyAudioError as error:
            logging.warning(f"{error}: its result is blank")
            continue
        except InputError as error:
            file.fail(error)
            continue
        rate = recording.file_rate
        if rate != sample_rate and strict_rate:
            file.fail(
                f"{file.name}: {rate} Hz, but the model works at {sample_rate} Hz; --strict_rate false resamples it"
            )
            continue
        if rate != sample_rate:
            logging.warning(f"{file.name}: resampled from {rate} to the model's {sample_rate} Hz")
        file.recording = recording


def transcribe_files(
    speech2text: Recogniser,
    files: Iterable[InputFile],
    sample_rate: int,
    limits: SegmentLimits,
    batch_size: int,
    advance: Callable[[float], Any],
) -> Iterator[Transcript]:
    """The transcript of each file that can be read, in order.

    Args:
        speech2text: The recogniser.
        files: Opened files.
        sample_rate: The recogniser's rate.
        limits: How long files are cut.
        batch_size: How many pieces go together.
        advance: Told how many seconds of audio have been done since it was called last.
    """
    pieces = _pieces(files, limits)
    segments: list[Segment] = []
    done = 0.0
    for piece, result in recognise_pieces(speech2text, pieces, batch_size):
        file: InputFile = piece.owner
        if piece.samples is not None:
            segments.append(as_segment(result, piece, sample_rate))
            advance(segments[-1].end_seconds - done)
            done = segments[-1].end_seconds
            continue
        advance(file.duration_seconds - done)
        if file.error is None:
            yield Transcript(file.name, file.output_name, file.duration_seconds, join(segments, speech2text))
        segments, done = [], 0.0


def _pieces(files: Iterable[InputFile], limits: SegmentLimits) -> Iterator[Piece]:
    """The pieces of all files; after those of each file one without samples."""
    for file in files:
        if file.recording is not None:
            try:
                yield from pieces_of(file.recording, file, limits)
            except InputError as error:
                file.fail(error)
        yield Piece(file, 0, None)


def model_sample_rate(asr_model: Any) -> int:
    """The rate of the waveforms that a model was trained with.

    Raises:
        InputError: If it takes features, not audio.
    """
    rate = asr_model.sample_rates().get("speech")
    if rate is None:
        raise InputError("This model takes features, not audio: use espnet2.bin.asr_inference.")
    return rate

"""Sound files to text."""
import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from espnet2.config.options import from_args
from espnet2.fileio.audio import read_audio
from espnet2.fileio.signal import resample
from espnet2.inference.options import RecogniserOptions, TranscribeOptions
from espnet2.inference.speech2text import Speech2Text
from espnet2.search.options import SearchOptions
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.types import parse_size

DEFAULT_SAMPLE_RATE = 16000


def transcribe(args: argparse.Namespace) -> None:
    """Recognise sound files and print their text.

    Args:
        args: ``audio``, a list of files, and the fields of ``TranscribeOptions``, ``RecogniserOptions`` and
            ``SearchOptions``.
    Raises:
        InputError: If a file or a model cannot be read.
    """
    options = from_args(TranscribeOptions, args)
    setup_logging(options.log_level)
    search = from_args(SearchOptions, args)
    if search.nbest > 1:
        raise InputError("--nbest: only the best result of a file is written; espnet2.bin.asr_inference writes several.")
    models = asdict(from_args(RecogniserOptions, args))
    models["model_tag"] = options.exp or models["model_tag"]
    speech2text = Speech2Text.from_pretrained(
        **models, **asdict(search), device="cuda" if options.ngpu else "cpu"
    )
    rows = transcribe_files(speech2text, args.audio, options.batch_size)
    if options.format == "json":
        lines = iter([json.dumps(list(rows), ensure_ascii=False, indent=2)])
    else:
        lines = (f"{row['file']}\t{row['text']}" for row in rows)
    if options.output is None:
        for line in lines:
            print(line, flush=True)
        return
    with atomic_write(options.output, "w") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def transcribe_files(speech2text: Speech2Text, files: Sequence[str], batch_size: int = 1) -> Iterator[dict[str, Any]]:
    """The best result of each file: ``file``, ``text``, ``tokens``, ``score`` and ``seconds``.

    Args:
        speech2text: The recogniser.
        files: Sound files of any rate; several channels are averaged.
        batch_size: Files that are recognised together.
    """
    rate = model_sample_rate(speech2text.asr_train_args)
    for start in range(0, len(files), batch_size):
        some = files[start : start + batch_size]
        waveforms = [read_mono(file, rate) for file in some]
        for file, waveform, result in zip(some, waveforms, speech2text(waveforms)):
            nbest = result[0] if isinstance(result, tuple) else result
            text, tokens, _, hypothesis = nbest[0] if nbest else ("", [], [], None)
            yield {
                "file": file,
                "text": " ".join(tokens) if text is None else text.strip(),
                "tokens": tokens,
                "score": None if hypothesis is None else hypothesis.score,
                "seconds": len(waveform) / rate,
            }


def model_sample_rate(train_args: argparse.Namespace) -> int:
    """The rate that the model's front end was trained with.

    Raises:
        InputError: If the model takes features, not audio.
    """
    if train_args.frontend is None:
        raise InputError("This model takes features, not audio: use espnet2.bin.asr_inference.")
    return parse_size(train_args.frontend_conf.get("fs", DEFAULT_SAMPLE_RATE))


def read_mono(file: str, sample_rate: int) -> np.ndarray:
    """A sound file as one channel at the rate wanted: (T,)."""
    samples, rate = read_audio(file)
    if samples.ndim == 2:
        samples = samples.mean(1)
    if rate != sample_rate:
        logging.info(f"{file}: resampled from {rate} to {sample_rate} Hz")
    return resample(samples, rate, sample_rate)

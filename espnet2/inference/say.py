"""Text from the command line, a file or standard input to a sound file or raw samples."""

import argparse
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from espnet2.config.options import from_args
from espnet2.fileio.audio import read_audio
from espnet2.fileio.signal import resample
from espnet2.fileio.sound_scp import encode_audio
from espnet2.inference.text2speech import Text2Speech
from espnet2.inference.tts_options import SayOptions, SynthesiserOptions, SynthesisOptions
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.seed import set_all_random_seed

STANDARD = "-"
FORMATS = {".wav": ("wav", "PCM_16"), ".flac": ("flac", None)}


def say(args: argparse.Namespace) -> None:
    """Read a text aloud.

    Args:
        args: ``text``, a list of words, and the fields of ``SayOptions``, ``SynthesiserOptions`` and ``SynthesisOptions``.
    Raises:
        InputError: If there is nothing to say, or options or files do not fit.
    """
    options = from_args(SayOptions, args)
    setup_logging(options.log_level)
    text = _text(options, args.text)
    if options.output != STANDARD and Path(options.output).suffix not in FORMATS:
        raise InputError(f"--output {options.output}: name a .wav or .flac file, or '-' for raw samples on standard output.")
    if options.num_threads:
        torch.set_num_threads(options.num_threads)
    set_all_random_seed(options.seed)
    models = asdict(from_args(SynthesiserOptions, args))
    models["model_tag"], models["vocoder_tag"] = models["model_tag"] or options.exp, models["vocoder_tag"] or options.vocoder
    text2speech = Text2Speech.from_pretrained(
        **models,
        **asdict(from_args(SynthesisOptions, args)),
        device="cuda" if options.ngpu else "cpu",
        seed=options.seed,
    )
    if text2speech.fs is None:
        raise InputError("There is no vocoder for the features of this model: give --vocoder_file.")
    start = time.perf_counter()
    chunks = text2speech.stream(text, sids=options.sid, lids=options.lid, **_voice(options, text2speech))
    if options.output == STANDARD:
        num_samples = _write_raw(chunks, start)
    elif options.stream:
        num_samples = _write_growing(chunks, options.output, text2speech.fs, start)
    else:
        samples = torch.cat(list(chunks))
        with atomic_write(options.output) as stream:
            stream.write(encode_audio(_clipped(samples), text2speech.fs, *FORMATS[Path(options.output).suffix]))
        num_samples = len(samples)
    length, seconds = num_samples / text2speech.fs, time.perf_counter() - start
    where = "standard output" if options.output == STANDARD else options.output
    logging.info(f"{length:.2f} s of speech in {where} after {seconds:.2f} s, RTF = {seconds / max(length, 1e-9):.3f}")


def _voice(options: SayOptions, text2speech: Text2Speech) -> dict[str, np.ndarray]:
    """The speaker's vector and the recording of a style, as far as they are named.

    Raises:
        InputError: If a file is missing or of another kind.
    """
    given = {}
    if options.spembs is not None:
        try:
            given["spembs"] = np.load(options.spembs)
        except (OSError, ValueError) as error:
            raise InputError(f"--spembs: {options.spembs} is not a readable .npy file: {error}") from error
    if options.reference is not None:
        samples, rate = read_audio(options.reference)
        mono = samples if samples.ndim == 1 else samples.mean(1)
        given["speech"] = resample(mono, rate, text2speech.model.sample_rates().get("speech", rate))
    return given


def _text(options: SayOptions, words: list[str]) -> str:
    """What is said: the words of the command line, or those of a file.

    Raises:
        InputError: If there are none, or both.
    """
    if words and options.file is not None:
        raise InputError("Give a text or --file, not both.")
    if options.file == STANDARD:
        text = sys.stdin.read()
    elif options.file is not None:
        if not Path(options.file).is_file():
            raise InputError(f"--file: {options.file} is missing.")
        text = Path(options.file).read_text(encoding="utf-8")
    else:
        text = " ".join(words)
    if not text.strip():
        raise InputError('There is nothing to say: give a text, as in say --exp exp/tts_... "Hello.", or --file.')
    return text


def _clipped(samples: Tensor) -> np.ndarray:
    return samples.float().clamp(-1.0, 1.0).cpu().numpy()


def _noting_the_first(chunks: Iterable[Tensor], start: float) -> Iterable[Tensor]:
    for number, chunk in enumerate(chunks):
        if number == 0:
            logging.info(f"First audio after {time.perf_counter() - start:.3f} s")
        yield chunk


def _write_raw(chunks: Iterable[Tensor], start: float) -> int:
    """Raw samples of 16 bits, as they come: for a player or another program."""
    count = 0
    for chunk in _noting_the_first(chunks, start):
        sys.stdout.buffer.write((_clipped(chunk) * 32767).astype("<i2").tobytes())
        sys.stdout.buffer.flush()
        count += len(chunk)
    return count


def _write_growing(chunks: Iterable[Tensor], path: str, fs: int, start: float) -> int:
    """A sound file that can be listened to while it grows."""
    count, rest = 0, iter(_noting_the_first(chunks, start))
    first = next(rest)  # what cannot be said leaves an earlier file as it was
    with soundfile.SoundFile(path, "w", fs, channels=1, subtype="PCM_16") as sound:
        for chunk in chain([first], rest):
            sound.write(_clipped(chunk))
            sound.flush()
            count += len(chunk)
    return count

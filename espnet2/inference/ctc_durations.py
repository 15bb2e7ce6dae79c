"""Durations of a synthesiser's tokens from a recogniser's CTC, in the place of a teacher.

The recogniser aligns its own tokens of a text with the speech (see ``espnet2.search.alignment``). Where the synthesiser has the same
tokens, each gets its own frames; otherwise the words are anchors, and the tokens of a word share its time alike.
"""
# Shapes: L tokens of the synthesiser, N samples
import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from espnet2.fileio.read_text import read_2columns_text
from espnet2.fileio.signal import resample
from espnet2.fileio.sound_scp import SoundScpReader
from espnet2.inference.align import CTCSegmentation
from espnet2.inference.utterances import refuse_left_out
from espnet2.inference.windows import ctc_log_probs
from espnet2.inference.words import SPACE, words_of
from espnet2.layers.too_short import TooShortUttError
from espnet2.search.alignment import TooFewFramesError, align
from espnet2.search.hypothesis import Word
from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.text.cleaner import TextCleaner
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging

SPACES = (SPACE, " ")


def write_ctc_durations(args: argparse.Namespace) -> None:
    """Write ``<utterance> <frames of each token and of the end of the text>`` lines.

    Args:
        args: The options of ``espnet2.bin.ctc_durations``.
    Raises:
        InputError: If files or options do not fit; at the end, if some utterances could not be aligned.
    """
    setup_logging(args.log_level)
    listen = Listener(args.asr, "cuda" if args.ngpu else "cpu")
    clean = TextCleaner(args.cleaner)
    tokenizer = build_tokenizer(args.token_type, non_linguistic_symbols=args.non_linguistic_symbols, g2p_type=args.g2p)
    reader, texts = SoundScpReader(args.wav_scp), read_2columns_text(args.text)
    lines, errors = [], []
    for uid, text in texts.items():
        try:
            rate, samples = reader[uid]
            if rate != args.fs:
                raise InputError(f"it has {rate} Hz, --fs is {args.fs}")
            words, marks = listen(samples if samples.ndim == 1 else samples.mean(1), rate, clean(text))
            tokens = tokenizer.text2tokens(clean(text))
            num_frames = len(samples) // args.n_shift + 1
            durations = spread(tokens, words, marks, args.fs / args.n_shift, num_frames)
            lines.append(f"{uid} {' '.join(map(str, durations))}\n")
        except (InputError, TooFewFramesError, TooShortUttError) as error:
            errors.append(f"{uid}: {error}")
            logging.error(errors[-1])
    Path(args.output).parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(args.output, "w") as stream:
        stream.writelines(lines)
    refuse_left_out(errors, f"of {len(texts)} utterances have no durations; take them out")


class Listener:
    """A recogniser that tells when each of its tokens is said.

    Args:
        tag: Its experiment folder.
        device: Where to compute.
    Raises:
        InputError: If files are missing, or it has no CTC.
    """

    def __init__(self, tag: str, device: str):
        self.recogniser = CTCSegmentation(model_tag=tag, ngpu=int(device == "cuda"))
        self.device = device

    def __call__(self, samples: np.ndarray, rate: int, text: str) -> tuple[list[Word], list[Word]]:
        """The words of a text and the recogniser's tokens, each with its time.

        Args:
            samples: The recording.
            rate: Its sampling rate.
            text: What is said.
        Raises:
            InputError: If nothing in the text is among the recogniser's tokens.

        Shapes:
            samples (N,)
        """
        recogniser = self.recogniser
        ids = self._ids(text)
        own_rate = recogniser.sample_rate
        waveform = torch.from_numpy(resample(samples.astype(np.float32), rate, own_rate)).to(self.device)
        log_probs, _ = ctc_log_probs(recogniser.asr_model, waveform, own_rate)
        seconds = len(samples) / rate / len(log_probs)
        spans, names = align(log_probs, ids), recogniser.asr_model.token_list
        words = words_of(spans, seconds, names, recogniser.asr_train_args.token_type)
        return words, words_of(spans, seconds, names, None)

    def _ids(self, text: str) -> list[int]:
        """Token ids in the case that the recogniser knows best, without unknown ones."""
        preprocess: Any = self.recogniser.preprocess
        unknown = self.recogniser.converter.unk_id
        spellings = ([int(i) for i in preprocess("", {"text": own})["text"]] for own in (text, text.upper(), text.lower()))
        ids = min(spellings, key=lambda own: own.count(unknown))
        known = [token for token in ids if token != unknown]
        if not set(known) - set(self.recogniser.converter.tokens2ids([SPACE])):
            raise InputError(f"nothing in '{text[:60]}' is among the recogniser's tokens")
        return known


def spread(
    tokens: Sequence[str], words: Sequence[Word], marks: Sequence[Word], frames_per_second: float, num_frames: int
) -> list[int]:
    """Frames of each token, and of the end of the text.

    What comes before the first word belongs to the first token, what comes after the last one to the end.

    Args:
        tokens: The synthesiser's.
        words: The words with their times.
        marks: The recogniser's tokens with their times.
        frames_per_second: Of the synthesiser's features.
        num_frames: All frames of the utterance.
    Returns:
        L + 1 numbers that sum to ``num_frames``.
    """
    if [token.lower() for token in tokens] == [mark.word.lower() for mark in marks]:
        positions, seconds = _at_each(marks)
    else:
        positions, seconds = _at_words(tokens, words)
    ends = np.interp(np.arange(1, len(tokens) + 1), positions, seconds)
    frames = np.rint(ends * frames_per_second).astype(int).clip(0, num_frames)
    return np.diff([0, *frames.tolist(), num_frames]).tolist()


def _at_each(marks: Sequence[Word]) -> tuple[list[float], list[float]]:
    """A token ends in the middle between it and the next."""
    middles = [(mark.end_seconds + after.start_seconds) / 2 for mark, after in zip(marks, marks[1:])]
    seconds = [marks[0].start_seconds, *middles, marks[-1].end_seconds]
    return [float(position) for position in range(len(seconds))], seconds


def _at_words(tokens: Sequence[str], words: Sequence[Word]) -> tuple[list[float], list[float]]:
    """Where words begin and end: positions among the tokens, and seconds; only the whole text's if numbers of words differ.

    CTC is peaky, so of the time between two words each gets a third, and the space between them the rest.
    """
    is_word = np.array([False, *(token not in SPACES for token in tokens), False])
    edges = np.flatnonzero(is_word[1:] != is_word[:-1])
    seconds = [time for word in words for time in (word.start_seconds, word.end_seconds)]
    if len(edges) != len(seconds):
        return [0.0, float(len(tokens))], [seconds[0], seconds[-1]]
    for number in range(1, len(seconds) - 1, 2):
        third = (seconds[number + 1] - seconds[number]) / 3
        seconds[number], seconds[number + 1] = seconds[number] + third, seconds[number + 1] - third
    return edges.astype(float).tolist(), seconds

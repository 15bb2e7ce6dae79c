"""Recognise a data set into ``<output_dir>/<n>best_recog/{text,token,token_int,score}``."""
import argparse
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, Protocol, TypeVar

from espnet2.config.options import from_args
from espnet2.fileio.datadir_writer import DatadirWriter
from espnet2.inference.options import (
    LongOptions,
    MaskCTCOptions,
    RecogniserOptions,
    SetOptions,
    SimulationOptions,
    SoundOptions,
    UnsupportedOptions,
)
from espnet2.inference.parts import Result
from espnet2.inference.speech2text import Speech2Text
from espnet2.inference.utterances import Utterance, read_utterances, refuse_left_out
from espnet2.search.options import SearchOptions
from espnet2.tasks.asr import ASRTask
from espnet2.train.input_needs import InputNeeds
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.seed import set_all_random_seed

WINDOW_BATCHES = 8  # how many batches' utterances are sorted by length together


class Recogniser(Protocol):
    """What is asked of a ``Speech2Text``."""

    asr_model: Any
    asr_train_args: Any

    def __call__(self, speech: list[Any]) -> list[Any]:
        """The results of each waveform."""


R = TypeVar("R", bound=Recogniser)


def decode_set(args: argparse.Namespace) -> None:
    """Recognise all utterances that the options name.

    Args:
        args: The fields of ``SetOptions``, ``SoundOptions``, ``LongOptions``, ``RecogniserOptions``, ``SearchOptions``,
            ``MaskCTCOptions``, ``SimulationOptions`` and ``UnsupportedOptions``.
    Raises:
        InputError: If the options do not fit; at the end, if utterances were left out.
    """
    decode_with(_load, args)


def _load(args: argparse.Namespace, options: SetOptions) -> Speech2Text:
    return Speech2Text.from_pretrained(
        **asdict(from_args(RecogniserOptions, args)),
        **asdict(from_args(SearchOptions, args)),
        **asdict(from_args(MaskCTCOptions, args)),
        **asdict(from_args(SimulationOptions, args)),
        **asdict(from_args(UnsupportedOptions, args)),
        device=options.device,
        dtype=options.dtype,
        batch_size=options.batch_size,
        **asdict(from_args(LongOptions, args)),
    )


def decode_with(load: Callable[[argparse.Namespace, SetOptions], R], args: argparse.Namespace) -> R:
    """Recognise a set. Utterances that cannot be read are told and left out; the others are still done.

    Args:
        load: Makes the recogniser of the options.
        args: The fields of ``SetOptions``, ``SoundOptions`` and whatever ``load`` wants.
    Returns:
        The recogniser.
    Raises:
        InputError: If the options do not fit; at the end, if utterances were left out.
    """
    options = from_args(SetOptions, args)
    setup_logging(options.log_level)
    set_all_random_seed(options.seed)
    names = [name for _, name, _ in options.data_path_and_name_and_type]
    ASRTask.check_task_requirements(names, options.allow_variable_data_keys, train=False, inference=True)
    speech2text = load(args, options)
    no_text = argparse.Namespace(**{**vars(speech2text.asr_train_args), "token_type": None})
    preprocess = ASRTask.build_preprocess_fn(no_text, train=False)
    resamples = not from_args(SoundOptions, args).strict_rate
    needs = InputNeeds(speech2text.asr_model.sample_rates(), resamples=resamples)
    utterances = read_utterances(options, preprocess, needs)
    with DatadirWriter(options.output_dir) as writer:
        errors = write_results(utterances, speech2text, writer, options.batch_size)
    refuse_left_out(errors, "utterances could not be read; all others are recognised")
    return speech2text


def write_results(
    utterances: Iterable[Utterance], speech2text: Recogniser, writer: DatadirWriter, batch_size: int = 1
) -> list[str]:
    """Recognise and write utterances in the order given.

    Those that go together are chosen by length among some more, for the longest of them decides how long all take.

    Args:
        utterances: What is recognised.
        speech2text: The recogniser.
        writer: Where results go.
        batch_size: How many go together.
    Returns:
        What is wrong with the utterances that were left out.
    """
    errors: list[str] = []
    stream = iter(utterances)
    while window := list(islice(stream, batch_size * WINDOW_BATCHES if batch_size > 1 else 1)):
        for utterance in window:
            if utterance.error is not None:
                logging.error(utterance.error)
                errors.append(utterance.error)
        readable = [utterance for utterance in window if utterance.error is None]
        results = _recognise(readable, speech2text, batch_size)
        for utterance in readable:
            result = results[utterance.uid]
            nbest, layers = result if isinstance(result, tuple) else (result, {})
            write_nbest(writer, utterance.uid, nbest)
            for layer, tokens in layers.items():
                writer["1best_recog"][f"encoder_interctc_layer{layer}.txt"][utterance.uid] = " ".join(tokens)
    return errors


def _recognise(utterances: Sequence[Utterance], speech2text: Recogniser, batch_size: int) -> dict[str, Any]:
    """The result of each utterance, those of like length having gone together."""
    by_length = sorted(utterances, key=lambda utterance: len(utterance.data["speech"]), reverse=True)
    results: dict[str, Any] = {}
    for start in range(0, len(by_length), batch_size):
        batch = by_length[start : start + batch_size]
        try:
            found = speech2text([utterance.data["speech"] for utterance in batch])
        except InputError as error:
            raise InputError(f"utterance {', '.join(utterance.uid for utterance in batch)}: {error}") from error
        results.update(zip([utterance.uid for utterance in batch], found))
    return results


def write_nbest(writer: DatadirWriter, uid: str, nbest: Sequence[Result]) -> None:
    """Write an utterance's results into ``<n>best_recog``; empty ones if there are none."""
    if not nbest:
        logging.warning(f"{uid}: no hypothesis ended; its result is empty")
        for name in ("token", "token_int", "score", "text"):
            writer["1best_recog"][name][uid] = "0.0" if name == "score" else ""
    for number, (text, tokens, token_int, hypothesis) in enumerate(nbest, 1):
        folder = writer[f"{number}best_recog"]
        folder["token"][uid] = " ".join(tokens)
        folder["token_int"][uid] = " ".join(map(str, token_int))
        folder["score"][uid] = str(hypothesis.score)
        if hypothesis.words is not None:
            folder["words"][uid] = " ".join(
                f"{word.word}|{word.start_seconds:.2f}|{word.end_seconds:.2f}|{word.confidence:.3f}" for word in hypothesis.words
            )
        if text is not None:
            folder["text"][uid] = text

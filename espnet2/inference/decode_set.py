"""Recognise a data set into ``<output_dir>/<n>best_recog/{text,token,token_int,score}``."""
import argparse
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from espnet2.config.options import from_args
from espnet2.fileio.datadir_writer import DatadirWriter
from espnet2.inference.options import RecogniserOptions, SetOptions, UnsupportedOptions
from espnet2.inference.speech2text import Result, Speech2Text
from espnet2.inference.utterances import Utterance, read_utterances
from espnet2.search.options import SearchOptions
from espnet2.tasks.asr import ASRTask
from espnet2.train.input_needs import InputNeeds
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.seed import set_all_random_seed

SHOWN_ERRORS = 10


def decode_set(args: argparse.Namespace) -> None:
    """Recognise all utterances that the options name.

    Utterances that cannot be read are told and left out; the others are still done.

    Args:
        args: The fields of ``SetOptions``, ``RecogniserOptions``, ``SearchOptions`` and ``UnsupportedOptions``.
    Raises:
        InputError: If the options do not fit; at the end, if utterances were left out.
    """
    options = from_args(SetOptions, args)
    setup_logging(options.log_level)
    set_all_random_seed(options.seed)
    names = [name for _, name, _ in options.data_path_and_name_and_type]
    ASRTask.check_task_requirements(names, options.allow_variable_data_keys, train=False, inference=True)
    speech2text = Speech2Text.from_pretrained(
        **asdict(from_args(RecogniserOptions, args)),
        **asdict(from_args(SearchOptions, args)),
        **asdict(from_args(UnsupportedOptions, args)),
        device=options.device,
        dtype=options.dtype,
        batch_size=options.batch_size,
    )
    preprocess = ASRTask.build_preprocess_fn(speech2text.asr_train_args, train=False)
    batches = read_utterances(options, preprocess, InputNeeds(speech2text.asr_model.sample_rates()))
    with DatadirWriter(options.output_dir) as writer:
        errors = write_results(batches, speech2text, writer)
    if errors:
        more = f"\n... and {len(errors) - SHOWN_ERRORS} more" if len(errors) > SHOWN_ERRORS else ""
        shown = "\n".join(errors[:SHOWN_ERRORS])
        raise InputError(f"{len(errors)} utterances could not be read; all others are recognised:\n{shown}{more}")


def write_results(
    batches: Iterable[Sequence[Utterance]], speech2text: Speech2Text, writer: DatadirWriter
) -> list[str]:
    """Recognise and write batch after batch, in the order given.

    Returns:
        What is wrong with the utterances that were left out.
    """
    errors: list[str] = []
    for batch in batches:
        for utterance in batch:
            if utterance.error is not None:
                logging.error(utterance.error)
                errors.append(utterance.error)
        readable = [utterance for utterance in batch if utterance.error is None]
        try:
            results = speech2text([utterance.data["speech"] for utterance in readable])
        except InputError as error:
            raise InputError(f"utterance {', '.join(utterance.uid for utterance in readable)}: {error}") from error
        for utterance, result in zip(readable, results):
            nbest, layers = result if isinstance(result, tuple) else (result, {})
            _write_nbest(writer, utterance.uid, nbest)
            for layer, tokens in layers.items():
                writer["1best_recog"][f"encoder_interctc_layer{layer}.txt"][utterance.uid] = " ".join(tokens)
    return errors


def _write_nbest(writer: DatadirWriter, uid: str, nbest: Sequence[Result]) -> None:
    if not nbest:
        logging.warning(f"{uid}: no hypothesis ended; its result is empty")
        for name in ("token", "token_int", "score", "text"):
            writer["1best_recog"][name][uid] = "0.0" if name == "score" else ""
    for number, (text, tokens, token_int, hypothesis) in enumerate(nbest, 1):
        folder = writer[f"{number}best_recog"]
        folder["token"][uid] = " ".join(tokens)
        folder["token_int"][uid] = " ".join(map(str, token_int))
        folder["score"][uid] = str(hypothesis.score)
        if text is not None:
            folder["text"][uid] = text

"""The perplexity of a language model on a text: ``ppl``, ``base``, ``utt2ppl`` and ``utt2ntokens``."""
import argparse
import math
from pathlib import Path

import torch

from espnet2.config.options import from_args
from espnet2.fileio.datadir_writer import DatadirWriter
from espnet2.inference.models import load_language_model
from espnet2.inference.options import PerplexityOptions, SetOptions
from espnet2.tasks.lm import LMTask
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.seed import set_all_random_seed


def perplexity(nll: float, num_tokens: int, log_base: float | None = None) -> float:
    """``base ** (nll / num_tokens / ln(base))``, which is the same number for every base.

    Args:
        nll: Negative log-likelihood of all tokens, to base e.
        num_tokens: How many they are, eos included.
        log_base: The base; None: e.
    """
    return float((log_base or math.e) ** (nll / num_tokens / (math.log(log_base) if log_base else 1.0)))


@torch.no_grad()
def write_perplexity(args: argparse.Namespace) -> float:
    """Measure each utterance of a text, and all together.

    Args:
        args: The fields of ``SetOptions`` and ``PerplexityOptions``.
    Raises:
        InputError: If options do not fit or the text holds nothing.
    """
    options, lm_options = from_args(SetOptions, args), from_args(PerplexityOptions, args)
    setup_logging(options.log_level)
    set_all_random_seed(options.seed)
    model, train_args = load_language_model(
        lm_options.train_config, lm_options.model_file, options.device, options.dtype
    )
    batches = LMTask.build_streaming_iterator(
        options.data_path_and_name_and_type,
        preprocess_fn=LMTask.build_preprocess_fn(train_args, train=False),
        collate_fn=LMTask.build_collate_fn(train_args, train=False),
        key_file=options.key_file,
        batch_size=options.batch_size,
        dtype=options.dtype,
        num_workers=options.num_workers,
        allow_variable_data_keys=options.allow_variable_data_keys,
        inference=True,
    )
    base = lm_options.log_base
    total_nll, total_tokens = 0.0, 0
    with DatadirWriter(options.output_dir) as writer:
        for uids, batch in batches:
            nll, lengths = model.nll(batch["text"].to(options.device), batch["text_lengths"].to(options.device))
            for uid, utterance_nll, num_tokens in zip(uids, nll.sum(1).tolist(), lengths.tolist()):
                writer["utt2ppl"][uid] = str(perplexity(utterance_nll, num_tokens, base))
                writer["utt2ntokens"][uid] = str(num_tokens)
                total_nll += utterance_nll
                total_tokens += num_tokens
    if total_tokens == 0:
        raise InputError("There is no text to measure the perplexity of.")
    ppl = perplexity(total_nll, total_tokens, base)
    (Path(options.output_dir) / "ppl").write_text(f"{ppl}\n", encoding="utf-8")
    (Path(options.output_dir) / "base").write_text(f"{base or math.e}\n", encoding="utf-8")
    return ppl

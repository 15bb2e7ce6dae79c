"""Texts carried on by a language model, in Python::

    generate_text = GenerateText(lm_file="exp/lm_train_lm/valid.loss.ave.pth", maxlen=20)
    text, tokens, token_int, hypothesis = generate_text("THE CAT")[0]
"""

# L tokens

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from espnet2.config.options import from_args
from espnet2.fileio.datadir_writer import DatadirWriter
from espnet2.inference.decode_set import write_nbest
from espnet2.inference.models import load_language_model, quantize
from espnet2.inference.options import GenerateOptions, SetOptions
from espnet2.inference.precision import Precision
from espnet2.inference.utterances import Utterance, read_utterances
from espnet2.layers.packed_linear import accelerate
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.length_bonus import LengthBonus
from espnet2.search.ngram import NgramScorer
from espnet2.search.prompted import ContinuationSearch, PromptedScorer
from espnet2.tasks.lm import LMTask
from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.seed import set_all_random_seed

Text = str | np.ndarray | Tensor
Result = tuple[str | None, list[str], list[int], Hypothesis]


class GenerateText:
    """A language model with a beam search over what may follow a text.

    Args:
        lm_train_config: The training's ``config.yaml``; by default the one beside ``lm_file``.
        lm_file: Weights.
        device: Where to compute.
        dtype: See ``Speech2Text``.
        batch_size: Accepted; how many texts go together is how many are given in a call.
        ngram_file, ngram_scorer, token_type, bpemodel, quantize_lm, quantize_modules, quantize_dtype, maxlen, minlen,
            beam_size, nbest, ngram_weight, penalty, normalize_length: See ``GenerateOptions``.

    Raises:
        InputError: If files or options do not fit.
    """

    def __init__(
        self,
        lm_train_config: str | Path | None = None,
        lm_file: str | Path | None = None,
        *,
        ngram_scorer: str = "full",
        ngram_file: str | Path | None = None,
        token_type: str | None = None,
        bpemodel: str | None = None,
        device: str = "cpu",
        maxlen: int = 100,
        minlen: int = 0,
        batch_size: int = 1,
        dtype: str = "float32",
        beam_size: int = 20,
        ngram_weight: float = 0.0,
        penalty: float = 0.0,
        nbest: int = 1,
        normalize_length: bool = False,
        quantize_lm: bool = False,
        quantize_modules: Sequence[str] = ("Linear",),
        quantize_dtype: str = "qint8",
    ):
        if not 0 <= minlen < maxlen:
            raise InputError(f"minlen {minlen}, maxlen {maxlen}: minlen must be 0 at least and less than maxlen.")
        self.precision = Precision.of(dtype, device)
        model, lm_train_args = load_language_model(lm_train_config, lm_file, device, self.precision.weights)
        self.lm = cast(Any, quantize(model.lm, quantize_modules, quantize_dtype) if quantize_lm else model.lm)
        if self.precision.autocast is None:
            accelerate(self.lm)
        own = {"token_type": token_type, "bpemodel": bpemodel}
        named = {name: value for name, value in own.items() if value is not None}
        self.lm_train_args = argparse.Namespace(**{**vars(lm_train_args), **named})
        self.preprocess = cast(Any, LMTask.build_preprocess_fn(self.lm_train_args, train=False))
        self.tokenizer = None if self.preprocess is None else self.preprocess.tokenizer
        self.converter = TokenIDConverter(self.lm_train_args.token_list)

        vocab_size = len(self.lm_train_args.token_list)
        scorers = {"lm": PromptedScorer(self.lm, forbids=True)}
        if ngram_file is not None:
            ngram = NgramScorer(ngram_file, self.lm_train_args.token_list, ngram_scorer == "part")
            scorers["ngram"] = PromptedScorer(ngram)
        scorers["length_bonus"] = PromptedScorer(LengthBonus(vocab_size))
        self.beam_search = ContinuationSearch(
            scorers,
            {"lm": 1.0, "ngram": ngram_weight, "length_bonus": penalty},
            beam_size,
            vocab_size,
            model.sos,
            model.eos,
            normalize_length=normalize_length,
        )
        self.device = device
        self.nbest = nbest
        self.maxlen = maxlen
        self.minlen = minlen

    def __call__(self, text: Text | Sequence[Text]) -> list[Any]:
        """Carry on.

        Args:
            text: A text or its token ids, or a list of them. An empty text is carried on too.
        Returns:
            The best results ``(text, tokens, token_int, hypothesis)``, best first, with what was given at their
            beginning; for a list of texts a list of such lists. A score is that of what follows.

        Shapes:
            token ids (L,)
        """
        if isinstance(text, (str, np.ndarray, Tensor)):
            return self._continue([self._ids(text)])[0]
        return self._continue([self._ids(one) for one in text])

    def _ids(self, text: Text) -> Tensor:
        if isinstance(text, str):
            if self.tokenizer is None:
                raise InputError("This language model was trained on token ids: give ids, not text.")
            text = self.preprocess("text", {"text": text})["text"]
        return torch.as_tensor(text, dtype=torch.long, device=self.device)

    def _continue(self, prompts: Sequence[Tensor]) -> list[list[Result]]:
        if not prompts:
            return []
        with torch.no_grad(), self.precision.context():
            found = self.beam_search.continue_prompts(prompts, self.maxlen, self.minlen)
        return [[self._as_result(hypothesis) for hypothesis in nbest[: self.nbest]] for nbest in found]

    def _as_result(self, hypothesis: Hypothesis) -> Result:
        # at the length limit the search adds eos even to what has ended
        token_int = [token for token in hypothesis.tokens if token != self.beam_search.eos]
        tokens = self.converter.ids2tokens(token_int)
        return None if self.tokenizer is None else self.tokenizer.tokens2text(tokens), tokens, token_int, hypothesis


def generate_set(args: argparse.Namespace) -> None:
    """Carry on all texts of a set into ``<output_dir>/<n>best_recog/{text,token,token_int,score}``.

    Args:
        args: The fields of ``SetOptions`` and ``GenerateOptions``.
    Raises:
        InputError: If options do not fit or a text cannot be read.
    """
    options = from_args(SetOptions, args)
    setup_logging(options.log_level)
    set_all_random_seed(options.seed)
    names = [name for _, name, _ in options.data_path_and_name_and_type]
    LMTask.check_task_requirements(names, options.allow_variable_data_keys, train=False, inference=True)
    generate_text = GenerateText(**asdict(from_args(GenerateOptions, args)), device=options.device, dtype=options.dtype)
    texts = read_utterances(options, generate_text.preprocess)
    with DatadirWriter(options.output_dir) as writer:
        for batch in _batches(texts, options.batch_size):
            for utterance, nbest in zip(batch, generate_text([utterance.data["text"] for utterance in batch])):
                write_nbest(writer, utterance.uid, nbest)


def _batches(texts: Iterator[Utterance], batch_size: int) -> Iterator[list[Utterance]]:
    while batch := list(islice(texts, batch_size)):
        for utterance in batch:
            if utterance.error is not None:
                raise InputError(utterance.error)
        yield batch

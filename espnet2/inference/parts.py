"""A recogniser's models and tokens, as every kind of decoding needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from espnet2.inference.models import check_same_tokens, load_language_model, load_recogniser, quantize
from espnet2.inference.precision import Precision
from espnet2.layers.packed_convolution import pack_convolutions
from espnet2.layers.packed_linear import accelerate
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.ngram import NgramScorer
from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.text.token_id_converter import TokenIDConverter

Result = tuple[str | None, list[str], list[int], Hypothesis]
BLANK_RESULT = (" ", ["<space>"], [2])


@dataclass(frozen=True)
class Parts:
    """What a recogniser is made of.

    Attributes:
        asr_model: In evaluation mode.
        asr_train_args: Its training options.
        lm: A language model of the same tokens.
        ngram: An n-gram model of the same tokens.
        converter: Tokens to ids.
        tokenizer: Text to tokens; None if the unit of the text is not known.
        precision: In which it computes.
        device: Where.
    """

    asr_model: Any
    asr_train_args: Any
    lm: Any | None
    ngram: NgramScorer | None
    converter: TokenIDConverter
    tokenizer: Any | None
    precision: Precision
    device: str

    @property
    def sample_rate(self) -> Any:
        """The rate of the speech; None if the model takes features."""
        return self.asr_model.sample_rates().get("speech")

    def as_result(self, hypothesis: Hypothesis) -> Result:
        """Text, tokens and ids of a hypothesis."""
        token_int = hypothesis.tokens
        tokens = self.converter.ids2tokens(token_int)
        text = None if self.tokenizer is None else self.tokenizer.tokens2text(tokens)
        return text, tokens, token_int, hypothesis

    def blank_results(self, nbest: int) -> list[Result]:
        """What is answered for speech that is too short."""
        empty = Hypothesis(torch.tensor([self.asr_model.sos, self.asr_model.eos]))
        return [(*BLANK_RESULT, empty)] * nbest


def load_parts(
    asr_train_config: str | Path | None,
    asr_model_file: str | Path | None,
    lm_train_config: str | Path | None = None,
    lm_file: str | Path | None = None,
    ngram_file: str | Path | None = None,
    is_partial_ngram: bool = False,
    token_type: str | None = None,
    bpemodel: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    num_threads: int | None = None,
    quantize_asr_model: bool = False,
    quantize_lm: bool = False,
    quantize_modules: Sequence[str] = ("Linear",),
    quantize_dtype: str = "qint8",
) -> Parts:
    """Load them; the arguments are those of ``Speech2Text``.

    Raises:
        InputError: If files or options do not fit.
    """
    if num_threads is not None:
        torch.set_num_threads(num_threads)
    precision = Precision.of(dtype, device)
    asr_model, train_args = load_recogniser(asr_train_config, asr_model_file, device, precision.weights)
    if quantize_asr_model:
        asr_model = quantize(asr_model, quantize_modules, quantize_dtype)
    token_list = asr_model.token_list
    lm: Any = None
    if lm_file is not None or lm_train_config is not None:
        lm_model, lm_args = load_language_model(lm_train_config, lm_file, device, precision.weights)
        check_same_tokens(token_list, lm_args.token_list, lm_train_config or lm_file)
        lm = quantize(lm_model.lm, quantize_modules, quantize_dtype) if quantize_lm else lm_model.lm
    if precision.autocast is None:
        pack_convolutions(asr_model)
        accelerate(asr_model)
        if lm is not None:
            accelerate(lm)
    ngram = None if ngram_file is None else NgramScorer(ngram_file, token_list, is_partial_ngram)
    token_type, bpemodel = token_type or train_args.token_type, bpemodel or train_args.bpemodel
    has_tokenizer = token_type is not None and (token_type != "bpe" or bpemodel is not None)
    tokenizer = build_tokenizer(token_type, bpemodel=bpemodel) if has_tokenizer else None
    return Parts(asr_model, train_args, lm, ngram, TokenIDConverter(token_list), tokenizer, precision, device)

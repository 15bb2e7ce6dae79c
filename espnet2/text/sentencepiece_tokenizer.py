"""Subwords of a sentencepiece model (Kudo and Richardson, "SentencePiece", EMNLP 2018, https://arxiv.org/abs/1808.06226)."""

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.utils.errors import InputError


class SentencepiecesTokenizer(AbsTokenizer):
    """Pieces such as ``▁THE``; the model is loaded on first use, so the tokenizer travels to workers as a path.

    Args:
        model: The ``.model`` file.
        encode_kwargs: Handed to sentencepiece, e.g. ``{"enable_sampling": True, "alpha": 0.1, "nbest_size": -1}``.
    Raises:
        InputError: If the file is missing or is no such model.
    """

    def __init__(self, model: str | os.PathLike, encode_kwargs: dict[str, Any] | None = None):
        self.model = str(model)
        self.encode_kwargs = encode_kwargs or {}
        if not Path(self.model).is_file():
            raise InputError(f"{self.model}: no such sentencepiece model; the token stage makes it")

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "encode_kwargs": self.encode_kwargs}

    @cached_property
    def processor(self) -> Any:
        """The loaded model."""
        import sentencepiece

        try:
            return sentencepiece.SentencePieceProcessor(model_file=self.model)
        except (RuntimeError, OSError) as error:
            raise InputError(f"{self.model}: not a sentencepiece model ({error})") from None

    def text2tokens(self, line: str) -> list[str]:
        return self.processor.encode(line, out_type=str, **self.encode_kwargs)

    def tokens2text(self, tokens: Iterable[str]) -> str:
        return self.processor.decode_pieces(list(tokens))

"""Tokens of a published model, by its own tokenizer from Hugging Face."""

import os
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from espnet2.fileio.hugging_face import from_pretrained
from espnet2.text.abs_tokenizer import AbsTokenizer


class HuggingFaceTokenizer(AbsTokenizer):
    """The tokens of ``transformers``' tokenizer; it is loaded on first use, so it travels to workers as a name.

    Args:
        model: A folder with the tokenizer's files, or the name of a published model.
    """

    def __init__(self, model: str | os.PathLike):
        self.model = str(model)

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model}

    @cached_property
    def tokenizer(self) -> Any:
        """The loaded tokenizer.

        Raises:
            InputError: If transformers is not installed, or the model is nowhere.
        """
        return from_pretrained("AutoTokenizer", self.model)

    def text2tokens(self, line: str) -> list[str]:
        return self.tokenizer.tokenize(line)

    def tokens2text(self, tokens: Iterable[str]) -> str:
        """The text without the tokens that stand for no text, such as a language or the end."""
        special = set(self.tokenizer.all_special_tokens)
        return self.tokenizer.convert_tokens_to_string([token for token in tokens if token not in special]).strip()

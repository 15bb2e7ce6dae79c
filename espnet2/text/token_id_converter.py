"""Tokens to ids and back."""

import os
from collections.abc import Iterable

import numpy as np

from espnet2.text.token_list import read_token_list
from espnet2.utils.errors import InputError


class TokenIDConverter:
    """The numbering of a token list; what is not in it has the id of ``unk_symbol``.

    Args:
        token_list: A file with one token a line, or the tokens.
        unk_symbol: The token for the unknown.
    Raises:
        InputError: If the list lacks ``unk_symbol``, or is no list (see ``read_token_list``).
    """

    def __init__(self, token_list: str | os.PathLike | Iterable[str], unk_symbol: str = "<unk>"):
        self.token_list = read_token_list(token_list)
        self.token2id = {token: number for number, token in enumerate(self.token_list)}
        self.unk_symbol = unk_symbol
        if unk_symbol not in self.token2id:
            name = token_list if isinstance(token_list, (str, os.PathLike)) else "token_list"
            raise InputError(f"{name}: no '{unk_symbol}' in the token list; add it as the second line")
        self.unk_id = self.token2id[unk_symbol]

    def get_num_vocabulary_size(self) -> int:
        """How many tokens there are."""
        return len(self.token_list)

    def ids2tokens(self, integers: np.ndarray | Iterable[int]) -> list[str]:
        """The tokens of ids (L,).

        Raises:
            ValueError: If the array is not one-dimensional.
        """
        if isinstance(integers, np.ndarray) and integers.ndim != 1:
            raise ValueError(f"ids have the shape (L,), not {integers.shape}")
        return [self.token_list[number] for number in integers]

    def tokens2ids(self, tokens: Iterable[str]) -> list[int]:
        """The ids of tokens."""
        return [self.token2id.get(token, self.unk_id) for token in tokens]

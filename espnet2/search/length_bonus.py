"""One point for each token, against the liking for short hypotheses."""
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.search.scorer import Scorer


class LengthBonus(Scorer):
    """Scores 1 for every token, eos included. It has no state.

    Args:
        vocab_size: V.
    """

    ignores_speech = True
    sees_last_token_only = True

    def __init__(self, vocab_size: int):
        self.vocab_size = vocab_size

    def start(self, encoded: Tensor, lengths: Tensor) -> None:
        """Nothing to prepare."""

    def score(self, prefixes: Tensor, state: None, candidates: Tensor | None = None) -> tuple[Tensor, None]:
        """Ones.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        return torch.ones((), device=prefixes.device).expand(*prefixes.shape[:2], self.vocab_size), None

    def select(self, state: None, parents: Tensor, tokens: Tensor) -> None:
        """Nothing to select."""

    def keep(self, state: None, utterances: Tensor) -> None:
        """Nothing to keep."""

    def join(self, states: Sequence[None]) -> None:
        """Nothing to join."""

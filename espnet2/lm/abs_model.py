"""The abstract language model."""
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from espnet2.search.scorer import Scorer


class AbsLM(torch.nn.Module, Scorer, ABC):
    """Tokens to logits of the next token; in a search, a scorer."""

    ignores_speech = True

    @abstractmethod
    def forward(self, input: Tensor, hidden: Any) -> tuple[Tensor, Any]:
        """Score whole sequences.

        Args:
            input: Token ids, sos first; id 0 is padding.
            hidden: State before the first token; None at the start.

        Shapes:
            input (B, L) -> (B, L, V)
        """

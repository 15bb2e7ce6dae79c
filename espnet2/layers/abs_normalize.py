"""The abstract feature normalisation."""
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class AbsNormalize(torch.nn.Module, ABC):
    """Brings features to a common scale."""

    @abstractmethod
    def forward(self, x: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Normalise.

        Shapes:
            x (B, T, F), ilens (B,) -> (B, T, F), (B,)
        """


class InversibleInterface(ABC):
    """A normalisation that can be taken back."""

    @abstractmethod
    def inverse(self, x: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take the normalisation back.

        Shapes:
            x (B, T, F), ilens (B,) -> (B, T, F), (B,)
        """

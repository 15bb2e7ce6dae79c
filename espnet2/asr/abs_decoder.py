"""The abstract decoder."""
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class AbsDecoder(torch.nn.Module, ABC):
    """Predicts each label from the encoded speech and the labels before it."""

    @abstractmethod
    def forward(
        self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor, ys_in_lens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score all labels at once, each from the right ones before it.

        Shapes:
            hs_pad (B, S, D), hlens (B,), ys_in_pad (B, L), ys_in_lens (B,) -> (B, L, V), (B,)
        """

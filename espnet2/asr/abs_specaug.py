"""The abstract feature augmentation."""
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class AbsSpecAug(torch.nn.Module, ABC):
    """Distorts features in training."""

    @abstractmethod
    def forward(self, x: Tensor, x_lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Distort.

        Shapes:
            x (B, T, F), x_lengths (B,) -> (B, T, F), (B,)
        """

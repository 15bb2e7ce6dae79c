"""The abstract part between features and encoder."""
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class AbsPreEncoder(torch.nn.Module, ABC):
    """Makes the encoder's input of features."""

    @abstractmethod
    def output_size(self) -> int:
        """Number of features that it hands to the encoder."""

    @abstractmethod
    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Prepare features.

        Shapes:
            input (B, T, F), input_lengths (B,) -> (B, S, D), (B,)
        """

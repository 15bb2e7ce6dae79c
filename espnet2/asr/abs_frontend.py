"""The abstract frontend."""
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class AbsFrontend(torch.nn.Module, ABC):
    """Makes features of a waveform.

    Attributes:
        sample_rate: That of the waveform; None if any will do.
    """

    sample_rate: int | None = None

    @abstractmethod
    def output_size(self) -> int:
        """Number of features F."""

    @abstractmethod
    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Extract features.

        Shapes:
            input (B, N) or (B, N, C), input_lengths (B,) -> (B, T, F), (B,)
        """

"""The abstract part between encoder and decoder."""
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class AbsPostEncoder(torch.nn.Module, ABC):
    """Works on what the encoder gives."""

    @abstractmethod
    def output_size(self) -> int:
        """Model size that the decoder reads."""

    @abstractmethod
    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Work on the encoded frames.

        Shapes:
            input (B, S, D), input_lengths (B,) -> (B, S, D), (B,)
        """

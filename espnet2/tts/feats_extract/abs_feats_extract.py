"""The abstract feature extraction of synthesis."""
# Shapes: B batch, N samples, T frames, D features
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class AbsFeatsExtract(torch.nn.Module, ABC):
    """Waveforms to features, a spectrum or one value per frame or token."""

    @abstractmethod
    def output_size(self) -> int:
        """Dimensions D of the features."""

    @abstractmethod
    def get_parameters(self) -> dict[str, Any]:
        """What a vocoder has to know of the features."""

    def frame_counter(self) -> Callable[[Tensor], Tensor] | None:
        """Tells how many frames come of so many samples, and holds no tensors; None where that is not known."""
        return None

    @abstractmethod
    def forward(self, input: Tensor, input_lengths: Tensor, **context: Tensor) -> tuple[Tensor, Tensor]:
        """Extract; padding becomes zero.

        Args:
            input: Waveforms.
            input_lengths: Samples of each.
            **context: For values that follow the features: ``feats_lengths`` (B,), ``durations`` (B, L) and
                ``durations_lengths`` (B,).

        Shapes:
            input (B, N), input_lengths (B,) -> (B, T, D), (B,)
        """

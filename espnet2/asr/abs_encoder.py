"""The abstract encoder."""
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor


class AbsEncoder(torch.nn.Module, ABC):
    """Maps features to what a decoder or a CTC head reads.

    Attributes:
        interctc_layer_idx: Layers, counted from 1, whose outputs are returned beside the last one.
        interctc_use_conditioning: Whether these layers feed their CTC posteriors back; then the model puts a linear map
            from the vocabulary to the model size into ``conditioning_layer``.
        needs_ctc: Whether ``forward`` wants the model's CTC head as ``ctc``.
        sample_rate: That of the waveform, if the encoder hears it without a front end.
    """

    interctc_layer_idx: tuple[int, ...] = ()
    interctc_use_conditioning: bool = False
    needs_ctc: bool = False
    sample_rate: int | None = None
    conditioning_layer: torch.nn.Module | None

    @abstractmethod
    def output_size(self) -> int:
        """Model size D."""

    @abstractmethod
    def forward(
        self, xs_pad: Tensor, ilens: Tensor, prev_states: Tensor | None = None
    ) -> tuple[Any, Tensor, Tensor | None]:
        """Encode.

        Returns:
            Encoded frames (or a pair of them and a list of (layer, its output)), their numbers, and states.

        Shapes:
            xs_pad (B, T, F), ilens (B,) -> (B, S, D), (B,), states
        """

"""What all generators of vocoders have in common: features in, a waveform or its bands out."""

# Shapes: B batch, F features, T frames, S signals, N = T * upsample_factor samples
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor

from espnet2.gan_tts.melgan.pqmf import PQMF
from espnet2.gan_tts.segments import random_segments
from espnet2.utils.errors import InputError


class AbsGenerator(torch.nn.Module, ABC):
    """A generator. What is random in it comes from torch's own numbers.

    Attributes:
        features_argument: The name of the constructor's argument that tells the number of features.
        num_features: Features F.
        num_signals: Signals that the network makes: 1, the waveform, or its bands.
        upsample_factor: Samples per frame.
    """

    features_argument: ClassVar[str] = "in_channels"

    def __init__(self, num_features: int, num_signals: int, upsample_factor: int) -> None:
        super().__init__()
        self.num_features = num_features
        self.num_signals = num_signals
        self.upsample_factor = upsample_factor
        self.pqmf: PQMF | None = None

    @abstractmethod
    def forward(self, c: Tensor) -> Tensor:
        """Generate; what is there before ``join_bands`` are the signals.

        Shapes:
            c (B, F, T) -> (B, S, N)
        """

    def join_bands(self, pqmf: PQMF) -> None:
        """Make one waveform of the bands from now on.

        Args:
            pqmf: Of as many bands as there are signals.
        Raises:
            InputError: If it is of other bands.
        """
        if pqmf.subbands != self.num_signals:
            raise InputError(
                f"pqmf_params: subbands {pqmf.subbands} must be the generator's out_channels {self.num_signals}"
            )
        self.pqmf = pqmf
        self.upsample_factor *= pqmf.subbands

    def joined(self, signals: Tensor) -> Tensor:
        """The waveform of signals. (B, S, N) -> (B, 1, N S)."""
        return signals if self.pqmf is None else self.pqmf.synthesis(signals)

    def random_piece(self, c: Tensor, lengths: Tensor, segment_size: int) -> tuple[Tensor, Tensor]:
        """Generate a piece of each utterance, and tell the frame at which it begins.

        Args:
            c: Features.
            lengths: Frames of each utterance.
            segment_size: Frames W of a piece.

        Shapes:
            c (B, F, T), lengths (B,) -> (B, 1, W * upsample_factor), (B,)
        """
        segment, starts = random_segments(c, lengths, segment_size)
        return self(segment), starts

    def layers_in_turn(self) -> Iterable[torch.nn.Module] | None:
        """Convolutions that reach as far as the whole network; None if samples depend on far frames or on chance."""
        return None

    @property
    def receptive_frames(self) -> int | None:
        """How many frames before and after its own the samples of a frame depend on; None: all, or chance.

        From the last convolution to the first: which inputs the outputs from ``first`` to ``last`` are made of.
        """
        layers = self.layers_in_turn()
        if layers is None:
            return None
        first, last = 0, self.upsample_factor - 1
        if self.pqmf is not None:  # it looks around within the bands
            reach = self.pqmf.padding // self.pqmf.subbands + 1
            first, last = -reach, self.upsample_factor // self.pqmf.subbands - 1 + reach
        for layer in reversed(list(layers)):
            first, last = _inputs_of(layer, first, last)
        return max(-first, last)


def _inputs_of(layer: Any, first: int, last: int) -> tuple[int, int]:
    """The first and the last input that a convolution's outputs from ``first`` to ``last`` are made of."""
    (taps,), (scale,), (padding,) = layer.kernel_size, layer.stride, layer.padding
    if isinstance(layer, torch.nn.ConvTranspose1d):  # output n is made of inputs (n + padding - tap) / scale
        return -((taps - 1 - padding - first) // scale), (last + padding) // scale
    reach = (taps - 1) // 2 * layer.dilation[0]
    return first - reach, last + reach

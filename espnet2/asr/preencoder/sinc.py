"""Learnt band-pass filters and light convolutions over windows of a waveform.

Kürzinger et al., "Lightweight End-to-End Speech Recognition from Raw Audio Data Using Sinc-Convolutions", 2020,
https://arxiv.org/abs/2010.07597; the filters: Ravanelli and Bengio, "Speaker Recognition from Raw Waveform with SincNet",
2018, https://arxiv.org/abs/1808.00158.
"""

# Shapes: B batch, T frames, C channels, W = 400 samples in a window, D output channels, n windows at once
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.abs_preencoder import AbsPreEncoder
from espnet2.layers.sinc_filters import SincFilters
from espnet2.utils.errors import InputError
from espnet2.utils.types import parse_size

NUM_FILTERS = 128
WINDOW = 400  # samples, of which kernels and strides leave one frame
ACTIVATIONS = {"leakyrelu": torch.nn.LeakyReLU, "relu": torch.nn.ReLU}
# "spatial" and "dropout2d" both silence whole channels of a window.
DROPOUTS = {"dropout": torch.nn.Dropout, "spatial": torch.nn.Dropout1d, "dropout2d": torch.nn.Dropout1d}
FILTERS, ALIAS = "filters.f", "blocks.SincConvBlock.Filters.f"  # checkpoints hold the one tensor under both names


class LogCompression(torch.nn.Module):
    """``log(|x| + 1)`` of each element."""

    def forward(self, x: Tensor) -> Tensor:
        """Compress."""
        return x.abs().log1p()


class LightweightSincConvs(AbsPreEncoder):
    """128 learnt band-pass filters and five depthwise convolutions make a vector of each window.

    Args:
        fs: Sample rate, such as 16000 or "16k".
        in_channels: Channels of the audio; only 1 is supported.
        out_channels: Features D.
        activation_type: ``leakyrelu`` or ``relu``.
        dropout_type: ``dropout``, or ``spatial`` or ``dropout2d`` for whole channels.
        windowing_type: Taper of the filters, ``hamming`` or ``none``.
        scale_type: Scale on which the filters are spread at first, ``mel`` or ``bark``.

    Raises:
        InputError: If an option is unknown or not supported.
    """

    def __init__(
        self,
        fs: int | str = 16000,
        in_channels: int = 1,
        out_channels: int = 256,
        activation_type: str = "leakyrelu",
        dropout_type: str = "dropout",
        windowing_type: str = "hamming",
        scale_type: str = "mel",
    ) -> None:
        super().__init__()
        if in_channels != 1:
            raise InputError(f"preencoder_conf: sinc works on one channel; in_channels is {in_channels}")
        self.activation = _choose("activation_type", activation_type, ACTIVATIONS)
        self.dropout = _choose("dropout_type", dropout_type, DROPOUTS)
        self.out_channels = out_channels
        self.filters = SincFilters(NUM_FILTERS, 101, parse_size(fs), windowing_type, scale_type)
        sinc_block = OrderedDict(
            Filters=self.filters,
            LogCompression=LogCompression(),
            BatchNorm=torch.nn.BatchNorm1d(NUM_FILTERS),
            AvgPool=torch.nn.AvgPool1d(2),
        )
        self.blocks = torch.nn.Sequential(
            OrderedDict(
                SincConvBlock=torch.nn.Sequential(sinc_block),
                DConvBlock1=self._block(NUM_FILTERS, NUM_FILTERS, 25, 0.1, stride=2, pool=2),
                DConvBlock2=self._block(NUM_FILTERS, out_channels, 9, 0.15),
                DConvBlock3=self._block(out_channels, out_channels, 9, 0.15),
                DConvBlock4=self._block(out_channels, out_channels, 9, 0.15),
                DConvBlock5=self._block(out_channels, out_channels, 7, 0.15),
            )
        )
        self.register_load_state_dict_pre_hook(_fill_alias)

    def _block(
        self, in_channels: int, out_channels: int, kernel_size: int, dropout_rate: float, stride: int = 1, pool: int = 1
    ) -> torch.nn.Sequential:
        """Depthwise convolution, activation, batch norm, pooling, dropout."""
        groups = math.gcd(in_channels, out_channels)
        parts: dict[str, torch.nn.Module] = {
            "depthwise": torch.nn.Conv1d(in_channels, out_channels, kernel_size, stride, groups=groups),
            "activation": self.activation(),
            "batchnorm": torch.nn.BatchNorm1d(out_channels),
        }
        if pool > 1:
            parts["avgpool"] = torch.nn.AvgPool1d(pool)
        parts["dropout"] = self.dropout(dropout_rate)
        return torch.nn.Sequential(OrderedDict(parts))

    def output_size(self) -> int:
        """Number of features D."""
        return self.out_channels

    def espnet_initialization_fn(self) -> None:
        """Spread the filters over the scale anew, and let the batch norms begin as the identity."""
        self.filters.reset_parameters()
        for module in self.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                torch.nn.init.ones_(module.weight)
                torch.nn.init.zeros_(module.bias)

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Make a vector of each window.

        Raises:
            InputError: If the input is not what the sliding window gives.

        Shapes:
            input (B, T, C, W), input_lengths (B,) -> (B, T, D), (B,)
        """
        if input.dim() != 4 or input.size(2) != 1:
            raise InputError(
                f"preencoder: sinc needs frontend: sliding_window of one channel; got {tuple(input.shape)}"
            )
        if input.size(3) != WINDOW:
            raise InputError(
                f"preencoder: sinc needs windows of {WINDOW} samples, not {input.size(3)}: frontend_conf win_length"
            )
        frames = self.blocks(input.flatten(0, 1))  # (n, D, 1)
        return frames.view(*input.shape[:2], self.out_channels), input_lengths


def _choose(option: str, name: str, known: Mapping[str, type[torch.nn.Module]]) -> type[torch.nn.Module]:
    if name not in known:
        raise InputError(f"preencoder_conf: {option} must be one of {', '.join(known)}, not {name}")
    return known[name]


def _fill_alias(module: torch.nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Let a file hold the filters under either name, or under both if they agree."""
    one, other = prefix + FILTERS, prefix + ALIAS
    if one in state_dict and other in state_dict and not torch.equal(state_dict[one], state_dict[other]):
        raise InputError(f"the file holds two sets of filters, {one} and {other}, which should be one and the same")
    for missing, present in ((one, other), (other, one)):
        if missing not in state_dict and present in state_dict:
            state_dict[missing] = state_dict[present]

"""Features stretched to the rate of samples, for WaveNets.

Yamamoto et al., "Parallel WaveGAN", 2020, https://arxiv.org/abs/1910.11480, section 4.1.2: nearest neighbours, smoothed by convolutions.
"""

# Shapes: B batch, F features, T frames, N = T * prod(upsample_scales) samples
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.config.registry import construct
from espnet2.gan_tts.nonlinear import build_nonlinear
from espnet2.utils.errors import InputError


class Stretch(torch.nn.Module):
    """Stretching of the last axis.

    Args:
        scale: Factor.
        mode: ``nearest``, ``bilinear`` or ``bicubic``.
    """

    def __init__(self, scale: int, mode: str) -> None:
        super().__init__()
        self.scale = float(scale)
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (B, 1, F, T) -> (B, 1, F, T * scale)."""
        return F.interpolate(x, scale_factor=(1.0, self.scale), mode=self.mode)


class UpsampleNetwork(torch.nn.Module):
    """Stretching in steps, each smoothed by a convolution that all features share.

    Args:
        upsample_scales: Factors of the steps.
        nonlinear_activation: Name of a torch activation that follows each step, if any.
        nonlinear_activation_params: Its arguments.
        interpolate_mode: ``nearest``, ``bilinear`` or ``bicubic``.
        freq_axis_kernel_size: Neighbouring features that are mixed (odd).

    Raises:
        InputError: If the features that are mixed are even in number.
    """

    def __init__(
        self,
        upsample_scales: Sequence[int],
        nonlinear_activation: str | None = None,
        nonlinear_activation_params: Mapping[str, Any] = {},  # noqa: B006
        interpolate_mode: str = "nearest",
        freq_axis_kernel_size: int = 1,
    ) -> None:
        super().__init__()
        if freq_axis_kernel_size % 2 == 0:
            raise InputError(f"upsample_params: freq_axis_kernel_size must be odd, but it is {freq_axis_kernel_size}")
        self.upsample_factor = prod(upsample_scales)
        self.up_layers = torch.nn.ModuleList()
        for scale in upsample_scales:
            taps = (freq_axis_kernel_size, 2 * scale + 1)
            conv = torch.nn.Conv2d(1, 1, taps, padding=(taps[0] // 2, scale), bias=False)
            torch.nn.init.constant_(conv.weight, 1.0 / prod(taps))
            self.up_layers += [Stretch(scale, interpolate_mode), conv]
            if nonlinear_activation is not None:
                self.up_layers.append(build_nonlinear(nonlinear_activation, nonlinear_activation_params))

    def forward(self, c: Tensor) -> Tensor:
        """Shapes: c (B, F, T) -> (B, F, N)."""
        c = c.unsqueeze(1)
        for layer in self.up_layers:
            c = layer(c)
        return c.squeeze(1)


class ConvInUpsampleNetwork(torch.nn.Module):
    """Stretching of features that have seen their neighbours.

    Args:
        aux_channels: Features F.
        aux_context_window: Frames on each side that are seen; they are wanted beyond both ends.
        **upsampling: As of ``UpsampleNetwork``.
    """

    def __init__(self, aux_channels: int = 80, aux_context_window: int = 0, **upsampling: Any) -> None:
        super().__init__()
        self.conv_in = torch.nn.Conv1d(aux_channels, aux_channels, 2 * aux_context_window + 1, bias=False)
        torch.nn.init.kaiming_normal_(self.conv_in.weight, nonlinearity="relu")
        self.upsample = construct(UpsampleNetwork, upsampling, "upsample_params")
        self.upsample_factor = self.upsample.upsample_factor

    def forward(self, c: Tensor) -> Tensor:
        """Shapes: c (B, F, T + 2 aux_context_window) -> (B, F, N)."""
        return self.upsample(self.conv_in(c))

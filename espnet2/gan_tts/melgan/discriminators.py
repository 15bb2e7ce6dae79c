"""The discriminators of MelGAN: strided, grouped convolutions over waveforms at several resolutions.

Kumar et al., "MelGAN", 2019, https://arxiv.org/abs/1910.06711, section 2.2.
"""

# Shapes: B batch, C channels, N samples
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.losses import Verdicts
from espnet2.gan_tts.melgan.generator import LEAKY, initialize
from espnet2.gan_tts.nonlinear import build_nonlinear, build_padding, build_pooling, judge_scales
from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError

POOLING = {"kernel_size": 4, "stride": 2, "padding": 1, "count_include_pad": False}


class MelGANDiscriminator(torch.nn.Module):
    """Looks at windows of a waveform as it is.

    Args:
        in_channels: Channels of the waveform.
        out_channels: Channels of the verdict.
        kernel_sizes: Taps of the last two layers (odd); their product is that of the first.
        channels: Channels of the first layer.
        max_downsample_channels: No layer has more channels.
        bias: Have biases.
        downsample_scales: Strides of the layers between the first and the last two; and by how much channels grow.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        pad: Name of a torch padding, of the first layer.
        pad_params: Its arguments besides the number of samples.

    Raises:
        InputError: If a number of taps is even.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        kernel_sizes: Sequence[int] = (5, 3),
        channels: int = 16,
        max_downsample_channels: int = 1024,
        bias: bool = True,
        downsample_scales: Sequence[int] = (4, 4, 4, 4),
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
        pad: str = "ReflectionPad1d",
        pad_params: Mapping[str, Any] = {},  # noqa: B006
    ) -> None:
        super().__init__()
        if len(kernel_sizes) != 2 or any(taps % 2 == 0 for taps in kernel_sizes):
            raise InputError(f"discriminator_params: kernel_sizes {list(kernel_sizes)} must be two odd numbers")

        def activation() -> torch.nn.Module:
            return build_nonlinear(nonlinear_activation, nonlinear_activation_params)

        def conv(inputs: int, outputs: int, taps: int, stride: int = 1, groups: int = 1) -> torch.nn.Module:
            return torch.nn.Conv1d(inputs, outputs, taps, stride, (taps - 1) // 2, groups=groups, bias=bias)

        taps = prod(kernel_sizes)
        first = torch.nn.Conv1d(in_channels, channels, taps, bias=bias)
        padding = build_padding(pad, (taps - 1) // 2, pad_params)
        self.layers = torch.nn.ModuleList([torch.nn.Sequential(padding, first, activation())])
        for scale in downsample_scales:
            width = min(channels * scale, max_downsample_channels)
            strided = conv(channels, width, 10 * scale + 1, scale, groups=channels // 4)
            self.layers.append(torch.nn.Sequential(strided, activation()))
            channels = width
        width = min(2 * channels, max_downsample_channels)
        self.layers.append(torch.nn.Sequential(conv(channels, width, kernel_sizes[0]), activation()))
        self.layers.append(conv(width, out_channels, kernel_sizes[1]))

    def forward(self, x: Tensor) -> Verdicts:
        """Judge.

        Shapes:
            x (B, C, N) -> one discriminator: layers (B, C', N')
        """
        outputs = []
        for layer in self.layers:
            x = layer(x)
            outputs.append(x)
        return [outputs]


class MelGANMultiScaleDiscriminator(torch.nn.Module):
    """One ``MelGANDiscriminator`` per resolution; each sees a pooled version of what the one before sees.

    Args:
        in_channels: Channels of the waveform.
        out_channels: Channels of the verdicts.
        scales: Number of resolutions.
        downsample_pooling: Name of a torch pooling.
        downsample_pooling_params: Its arguments.
        kernel_sizes: As of ``MelGANDiscriminator``, as are the others.
        channels: Channels of the first layers.
        max_downsample_channels: No layer has more channels.
        bias: Have biases.
        downsample_scales: Strides.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        pad: Name of a torch padding.
        pad_params: Its arguments besides the number of samples.
        use_weight_norm: Normalise the weights of all convolutions.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        scales: int = 3,
        downsample_pooling: str = "AvgPool1d",
        downsample_pooling_params: Mapping[str, Any] = POOLING,
        kernel_sizes: Sequence[int] = (5, 3),
        channels: int = 16,
        max_downsample_channels: int = 1024,
        bias: bool = True,
        downsample_scales: Sequence[int] = (4, 4, 4, 4),
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
        pad: str = "ReflectionPad1d",
        pad_params: Mapping[str, Any] = {},  # noqa: B006
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__()
        self.discriminators = torch.nn.ModuleList(
            MelGANDiscriminator(
                in_channels,
                out_channels,
                kernel_sizes,
                channels,
                max_downsample_channels,
                bias,
                downsample_scales,
                nonlinear_activation,
                nonlinear_activation_params,
                pad,
                pad_params,
            )
            for _ in range(scales)
        )
        self.pooling = build_pooling(downsample_pooling, downsample_pooling_params)
        initialize(self)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, x: Tensor) -> Verdicts:
        """Judge; x (B, C, N)."""
        return judge_scales(self.discriminators, self.pooling, x)

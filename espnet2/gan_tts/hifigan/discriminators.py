"""The discriminators of HiFi-GAN: waveforms folded by periods, and waveforms at several resolutions.

Kong et al., "HiFi-GAN", 2020, https://arxiv.org/abs/2010.05646, section 2.3.

Each gives, for every discriminator in it, the outputs of all layers; the last one is its verdict.
"""

# Shapes: B batch, C channels, N samples
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.config.registry import construct
from espnet2.gan_tts.nonlinear import build_nonlinear, build_pooling, judge_scales
from espnet2.layers.weight_norm import weight_norm
from espnet2.utils.errors import InputError

Verdicts = list[list[Tensor]]  # of each discriminator the outputs of all layers
LEAKY = {"negative_slope": 0.1}
POOLING = {"kernel_size": 4, "stride": 2, "padding": 2}


def _normalizer(use_weight_norm: bool, use_spectral_norm: bool) -> Any:
    """What is put around each convolution.

    Raises:
        InputError: If both are asked for.
    """
    if use_weight_norm and use_spectral_norm:
        raise InputError("discriminator_params: either use_weight_norm or use_spectral_norm, not both")
    if use_weight_norm:
        return weight_norm
    return torch.nn.utils.spectral_norm if use_spectral_norm else lambda module: module


class HiFiGANPeriodDiscriminator(torch.nn.Module):
    """Looks at every p-th sample: the waveform folded to (N / p, p), convolved along the first axis.

    Args:
        in_channels: Channels of the waveform.
        out_channels: Channels of the verdict.
        period: Samples p.
        kernel_sizes: Taps of the layers; and of the last, plus one.
        channels: Channels of the first layer; each has four times as many as the one before.
        downsample_scales: Strides, one per layer.
        max_downsample_channels: No layer has more channels.
        bias: Have biases.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        use_weight_norm: Normalise weights by their length.
        use_spectral_norm: Normalise weights by their largest singular value.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        period: int = 3,
        kernel_sizes: Sequence[int] = (5, 3),
        channels: int = 32,
        downsample_scales: Sequence[int] = (3, 3, 3, 3, 1),
        max_downsample_channels: int = 1024,
        bias: bool = True,
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
        use_weight_norm: bool = True,
        use_spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        taps, last_taps = kernel_sizes
        if taps % 2 == 0 or last_taps % 2 == 0:
            raise InputError(f"discriminator_params: kernel_sizes {list(kernel_sizes)} must be odd")
        normalized = _normalizer(use_weight_norm, use_spectral_norm)
        self.period = period
        self.convs = torch.nn.ModuleList()
        width = channels
        for scale in downsample_scales:
            conv = torch.nn.Conv2d(in_channels, width, (taps, 1), (scale, 1), ((taps - 1) // 2, 0), bias=bias)
            activation = build_nonlinear(nonlinear_activation, nonlinear_activation_params)
            self.convs.append(torch.nn.Sequential(normalized(conv), activation))
            in_channels, width = width, min(width * 4, max_downsample_channels)
        padding = ((last_taps - 1) // 2, 0)
        self.output_conv = normalized(
            torch.nn.Conv2d(in_channels, out_channels, (last_taps - 1, 1), 1, padding, bias=bias)
        )

    def forward(self, x: Tensor) -> Verdicts:
        """Judge.

        Shapes:
            x (B, C, N) -> one discriminator: layers (B, C', N', p), verdict (B, N'')
        """
        missing = -x.size(-1) % self.period
        if missing:
            x = F.pad(x, (0, missing), "reflect")
        x = x.unflatten(-1, (-1, self.period))
        outputs = []
        for conv in self.convs:
            x = conv(x)
            outputs.append(x)
        return [[*outputs, self.output_conv(x).flatten(1)]]


class HiFiGANMultiPeriodDiscriminator(torch.nn.Module):
    """One ``HiFiGANPeriodDiscriminator`` per period.

    Args:
        periods: Their periods.
        discriminator_params: Arguments of each.
    """

    def __init__(
        self,
        periods: Sequence[int] = (2, 3, 5, 7, 11),
        discriminator_params: Mapping[str, Any] = {},  # noqa: B006
    ) -> None:
        super().__init__()
        conf = {name: value for name, value in discriminator_params.items() if name != "period"}
        self.discriminators = torch.nn.ModuleList(
            construct(HiFiGANPeriodDiscriminator, conf, "discriminator_params", period=period) for period in periods
        )

    def forward(self, x: Tensor) -> Verdicts:
        """Judge; x (B, C, N)."""
        return [outputs for discriminator in self.discriminators for outputs in discriminator(x)]


class HiFiGANScaleDiscriminator(torch.nn.Module):
    """Looks at the waveform as it is, with strided and grouped convolutions.

    Args:
        in_channels: Channels of the waveform.
        out_channels: Channels of the verdict.
        kernel_sizes: Taps of the first layer, of the strided ones, of the last but one, and of the last.
        channels: Channels of the first layer.
        max_downsample_channels: No layer has more channels.
        max_groups: No layer has more groups.
        bias: Have biases.
        downsample_scales: Strides of the strided layers.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        use_weight_norm: Normalise weights by their length.
        use_spectral_norm: Normalise weights by their largest singular value.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        kernel_sizes: Sequence[int] = (15, 41, 5, 3),
        channels: int = 128,
        max_downsample_channels: int = 1024,
        max_groups: int = 16,
        bias: bool = True,
        downsample_scales: Sequence[int] = (2, 2, 4, 4, 1),
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
        use_weight_norm: bool = True,
        use_spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        if any(taps % 2 == 0 for taps in kernel_sizes):
            raise InputError(f"discriminator_params: kernel_sizes {list(kernel_sizes)} must be odd")
        normalized = _normalizer(use_weight_norm, use_spectral_norm)

        def conv(inputs: int, outputs: int, taps: int, stride: int = 1, groups: int = 1) -> torch.nn.Module:
            padding = (taps - 1) // 2
            return normalized(torch.nn.Conv1d(inputs, outputs, taps, stride, padding, groups=groups, bias=bias))

        def layer(*sizes: int) -> torch.nn.Sequential:
            return torch.nn.Sequential(conv(*sizes), build_nonlinear(nonlinear_activation, nonlinear_activation_params))

        self.layers = torch.nn.ModuleList([layer(in_channels, channels, kernel_sizes[0])])
        width, groups = channels, 4
        for scale in downsample_scales:
            self.layers.append(layer(channels, width, kernel_sizes[1], scale, groups))
            channels, width = width, min(2 * width, max_downsample_channels)
            groups = min(4 * groups, max_groups)
        self.layers.append(layer(channels, width, kernel_sizes[2]))
        self.layers.append(conv(width, out_channels, kernel_sizes[3]))

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


class HiFiGANMultiScaleDiscriminator(torch.nn.Module):
    """One ``HiFiGANScaleDiscriminator`` per resolution; each sees a pooled version of what the one before sees.

    Args:
        scales: Number of resolutions.
        downsample_pooling: Name of a torch pooling.
        downsample_pooling_params: Its arguments.
        discriminator_params: Arguments of each discriminator.
        follow_official_norm: Spectral normalisation in the first, weight normalisation in the others, as in the paper.
    """

    def __init__(
        self,
        scales: int = 3,
        downsample_pooling: str = "AvgPool1d",
        downsample_pooling_params: Mapping[str, Any] = POOLING,
        discriminator_params: Mapping[str, Any] = {},  # noqa: B006
        follow_official_norm: bool = False,
    ) -> None:
        super().__init__()
        self.discriminators = torch.nn.ModuleList()
        for scale in range(scales):
            conf = dict(discriminator_params)
            if follow_official_norm:
                conf |= {"use_spectral_norm": scale == 0, "use_weight_norm": scale > 0}
            self.discriminators.append(construct(HiFiGANScaleDiscriminator, conf, "discriminator_params"))
        self.pooling = build_pooling(downsample_pooling, downsample_pooling_params)

    def forward(self, x: Tensor) -> Verdicts:
        """Judge; x (B, C, N)."""
        return judge_scales(self.discriminators, self.pooling, x)


class HiFiGANMultiScaleMultiPeriodDiscriminator(torch.nn.Module):
    """Resolutions first, then periods.

    Args:
        scales: Number of resolutions.
        scale_downsample_pooling: Name of a torch pooling.
        scale_downsample_pooling_params: Its arguments.
        scale_discriminator_params: Arguments of each scale discriminator.
        follow_official_norm: Spectral normalisation in the first scale discriminator.
        periods: Periods.
        period_discriminator_params: Arguments of each period discriminator.
    """

    def __init__(
        self,
        scales: int = 3,
        scale_downsample_pooling: str = "AvgPool1d",
        scale_downsample_pooling_params: Mapping[str, Any] = POOLING,
        scale_discriminator_params: Mapping[str, Any] = {},  # noqa: B006
        follow_official_norm: bool = True,
        periods: Sequence[int] = (2, 3, 5, 7, 11),
        period_discriminator_params: Mapping[str, Any] = {},  # noqa: B006
    ) -> None:
        super().__init__()
        self.msd = HiFiGANMultiScaleDiscriminator(
            scales,
            scale_downsample_pooling,
            scale_downsample_pooling_params,
            scale_discriminator_params,
            follow_official_norm,
        )
        self.mpd = HiFiGANMultiPeriodDiscriminator(periods, period_discriminator_params)

    def forward(self, x: Tensor) -> Verdicts:
        """Judge; x (B, C, N)."""
        return self.msd(x) + self.mpd(x)

"""The generator of StyleMelGAN: noise that features give their style to, step by step.

Mustafa et al., "StyleMelGAN", 2021, https://arxiv.org/abs/2011.01557, section 3.1.
"""

# Shapes: B batch, C channels, Z noise channels, F features, T frames, S signals, N = T * prod(upsample_scales) samples
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.melgan.generator import LEAKY, initialize
from espnet2.gan_tts.nonlinear import build_nonlinear
from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError

GATES = {"softmax": lambda x: x.softmax(dim=1), "sigmoid": torch.sigmoid}


def _stretching(factor: int, mode: str) -> torch.nn.Module:
    return torch.nn.Upsample(scale_factor=factor, mode=mode) if factor > 1 else torch.nn.Identity()


class TADELayer(torch.nn.Module):
    """Temporal adaptive denormalisation: features tell scale and shift of each sample (figure 2).

    Args:
        channels: Channels C.
        aux_channels: Features F.
        kernel_size: Taps (odd).
        bias: Have biases.
        upsample_factor: By how much all is stretched.
        upsample_mode: Torch's name of the interpolation.
    """

    def __init__(
        self, channels: int, aux_channels: int, kernel_size: int, bias: bool, upsample_factor: int, upsample_mode: str
    ) -> None:
        super().__init__()
        padding = (kernel_size - 1) // 2
        self.norm = torch.nn.InstanceNorm1d(channels)
        # Sequences of one, for the names of files.
        self.aux_conv = torch.nn.Sequential(
            torch.nn.Conv1d(aux_channels, channels, kernel_size, padding=padding, bias=bias)
        )
        self.gated_conv = torch.nn.Sequential(
            torch.nn.Conv1d(channels, 2 * channels, kernel_size, padding=padding, bias=bias)
        )
        self.upsample = _stretching(upsample_factor, upsample_mode)

    def forward(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """What goes on, and the features for the next layer.

        Shapes:
            x (B, C, N), c (B, F, N) -> (B, C, N * factor), (B, C, N * factor)
        """
        c = self.aux_conv(self.upsample(c))
        scale, shift = self.gated_conv(c).chunk(2, dim=1)
        return scale * self.upsample(self.norm(x)) + shift, c


class TADEResBlock(torch.nn.Module):
    """Two such layers, each with a gated convolution after it, and a connection around all (figure 2).

    Args:
        channels: Channels C.
        aux_channels: Features F.
        kernel_size: Taps (odd).
        dilation: Samples between taps of the second gated convolution.
        bias: Have biases.
        upsample_factor: By how much all is stretched.
        upsample_mode: Torch's name of the interpolation.
        gated_function: A key of ``GATES``.
    """

    def __init__(
        self,
        channels: int,
        aux_channels: int,
        kernel_size: int,
        dilation: int,
        bias: bool,
        upsample_factor: int,
        upsample_mode: str,
        gated_function: str,
    ) -> None:
        super().__init__()
        padding = (kernel_size - 1) // 2
        self.gate = GATES[gated_function]
        self.tade1 = TADELayer(channels, aux_channels, kernel_size, bias, 1, upsample_mode)
        self.gated_conv1 = torch.nn.Conv1d(channels, 2 * channels, kernel_size, padding=padding, bias=bias)
        self.tade2 = TADELayer(channels, channels, kernel_size, bias, upsample_factor, upsample_mode)
        self.gated_conv2 = torch.nn.Conv1d(
            channels, 2 * channels, kernel_size, padding=padding * dilation, dilation=dilation, bias=bias
        )
        self.upsample = _stretching(upsample_factor, upsample_mode)

    def forward(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (B, C, N), c (B, F, N) -> (B, C, N * factor), (B, C, N * factor)."""
        y, c = self.tade1(x, c)
        y, c = self.tade2(self._gated(self.gated_conv1(y)), c)
        return self.upsample(x) + self._gated(self.gated_conv2(y)), c

    def _gated(self, x: Tensor) -> Tensor:
        gate, signal = x.chunk(2, dim=1)
        return self.gate(gate) * signal.tanh()


class StyleMelGANGenerator(AbsGenerator):
    """Upsampled noise, to which features give their style in each step. All samples count in the normalisation of each.

    Args:
        in_channels: Channels Z of the noise.
        aux_channels: Features F.
        channels: Channels C.
        out_channels: Signals S; more than one are bands of a waveform.
        kernel_size: Taps (odd).
        dilation: Samples between taps of each step's last convolution.
        bias: Have biases.
        noise_upsample_scales: Factors by which one value of noise becomes frames.
        noise_upsample_activation: Name of a torch activation.
        noise_upsample_activation_params: Its arguments.
        upsample_scales: Factors of the steps.
        upsample_mode: ``nearest`` or ``linear``.
        gated_function: ``softmax`` or ``sigmoid``.
        use_weight_norm: Normalise the weights of all convolutions.

    Raises:
        InputError: If the number of taps is even, or the gate unknown.
    """

    features_argument = "aux_channels"

    def __init__(
        self,
        in_channels: int = 128,
        aux_channels: int = 80,
        channels: int = 64,
        out_channels: int = 1,
        kernel_size: int = 9,
        dilation: int = 2,
        bias: bool = True,
        noise_upsample_scales: Sequence[int] = (11, 2, 2, 2),
        noise_upsample_activation: str = "LeakyReLU",
        noise_upsample_activation_params: Mapping[str, Any] = LEAKY,
        upsample_scales: Sequence[int] = (2, 2, 2, 2, 2, 2, 2, 2, 1),
        upsample_mode: str = "nearest",
        gated_function: str = "softmax",
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__(aux_channels, out_channels, prod(upsample_scales))
        if kernel_size % 2 == 0 or gated_function not in GATES:
            raise InputError(
                f"generator_params: kernel_size {kernel_size} must be odd, gated_function {gated_function} one of {', '.join(GATES)}"
            )
        self.in_channels = in_channels
        self.frames_per_noise = prod(noise_upsample_scales)
        self.noise_upsample = torch.nn.Sequential()
        for scale in noise_upsample_scales:
            odd = scale % 2
            self.noise_upsample.append(
                torch.nn.ConvTranspose1d(
                    in_channels, channels, 2 * scale, scale, scale // 2 + odd, output_padding=odd, bias=bias
                )
            )
            self.noise_upsample.append(build_nonlinear(noise_upsample_activation, noise_upsample_activation_params))
            in_channels = channels
        self.blocks = torch.nn.ModuleList()
        for scale in upsample_scales:
            sizes = (channels, aux_channels, kernel_size, dilation)
            self.blocks.append(TADEResBlock(*sizes, bias, scale, upsample_mode, gated_function))
            aux_channels = channels
        last = torch.nn.Conv1d(channels, out_channels, kernel_size, padding=(kernel_size - 1) // 2, bias=bias)
        self.output_conv = torch.nn.Sequential(last, torch.nn.Tanh())
        initialize(self)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, c: Tensor, z: Tensor | None = None) -> Tensor:
        """Generate. Frames are as many as the noise becomes: the last one is repeated, and what it becomes cut off.

        Args:
            c: Features.
            z: Noise; drawn if None.

        Shapes:
            c (B, F, T), z (B, Z, T / frames_per_noise, rounded up) -> (B, S, N)
        """
        num_samples = c.size(2) * self.upsample_factor
        missing = -c.size(2) % self.frames_per_noise
        c = F.pad(c, (0, missing), "replicate")
        if z is None:
            size = c.size(2) // self.frames_per_noise
            z = torch.randn(len(c), self.in_channels, size, dtype=c.dtype, device=c.device)
        x = self.noise_upsample(z)
        for block in self.blocks:
            x, c = block(x, c)
        return self.joined(self.output_conv(x))[..., :num_samples]

"""The generator of MelGAN: features to a waveform, or to several bands of one.

Kumar et al., "MelGAN", 2019, https://arxiv.org/abs/1910.06711, section 2.1; with several bands Yang et al., "Multi-band MelGAN", 2020,
https://arxiv.org/abs/2005.05106, section 2.1.
"""

# Shapes: B batch, C channels, F features, T frames, S signals, N = T * prod(upsample_scales) samples
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.nonlinear import build_nonlinear, build_padding
from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError

LEAKY = {"negative_slope": 0.2}


class ResidualStack(torch.nn.Module):
    """A dilated convolution and one of a single tap, with a third one around them.

    Args:
        kernel_size: Taps (odd).
        channels: Channels C.
        dilation: Samples between taps.
        bias: Have biases.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        pad: Name of a torch padding.
        pad_params: Its arguments besides the number of samples.
    """

    def __init__(
        self,
        kernel_size: int,
        channels: int,
        dilation: int,
        bias: bool,
        nonlinear_activation: str,
        nonlinear_activation_params: Mapping[str, Any],
        pad: str,
        pad_params: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.stack = torch.nn.Sequential(
            build_nonlinear(nonlinear_activation, nonlinear_activation_params),
            build_padding(pad, (kernel_size - 1) // 2 * dilation, pad_params),
            torch.nn.Conv1d(channels, channels, kernel_size, dilation=dilation, bias=bias),
            build_nonlinear(nonlinear_activation, nonlinear_activation_params),
            torch.nn.Conv1d(channels, channels, 1, bias=bias),
        )
        self.skip_layer = torch.nn.Conv1d(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (B, C, N) -> (B, C, N)."""
        return self.stack(x) + self.skip_layer(x)


class MelGANGenerator(AbsGenerator):
    """Upsampling in steps, each followed by dilated convolutions.

    Args:
        in_channels: Features F.
        out_channels: Signals S; more than one are bands of a waveform.
        kernel_size: Taps of the first and the last convolution (odd).
        channels: Channels after the first convolution; each step halves them.
        bias: Have biases.
        upsample_scales: Factors of the steps.
        stack_kernel_size: Taps of the dilated convolutions (odd); dilations are its powers.
        stacks: Dilated convolutions of each step.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        pad: Name of a torch padding.
        pad_params: Its arguments besides the number of samples.
        use_final_nonlinear_activation: Limit the signals to -1 and 1 by a hyperbolic tangent.
        use_weight_norm: Normalise the weights of all convolutions.

    Raises:
        InputError: If a number of taps is even, or there are fewer channels than can be halved so often.
    """

    def __init__(
        self,
        in_channels: int = 80,
        out_channels: int = 1,
        kernel_size: int = 7,
        channels: int = 512,
        bias: bool = True,
        upsample_scales: Sequence[int] = (8, 8, 2, 2),
        stack_kernel_size: int = 3,
        stacks: int = 3,
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
        pad: str = "ReflectionPad1d",
        pad_params: Mapping[str, Any] = {},  # noqa: B006
        use_final_nonlinear_activation: bool = True,
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, prod(upsample_scales))
        if kernel_size % 2 == 0 or stack_kernel_size % 2 == 0:
            raise InputError(
                f"generator_params: kernel_size {kernel_size} and stack_kernel_size {stack_kernel_size} must be odd"
            )
        if channels % 2 ** len(upsample_scales):
            raise InputError(
                f"generator_params: channels {channels} cannot be halved {len(upsample_scales)} times, once for each of upsample_scales"
            )

        widest = (stack_kernel_size - 1) // 2 * stack_kernel_size ** (stacks - 1)
        self.fewest_frames = 1 + max((kernel_size - 1) // 2, widest // upsample_scales[0])

        def ends(inputs: int, outputs: int) -> list[torch.nn.Module]:
            padding = build_padding(pad, (kernel_size - 1) // 2, pad_params)
            return [padding, torch.nn.Conv1d(inputs, outputs, kernel_size, bias=bias)]

        activation = (nonlinear_activation, nonlinear_activation_params)
        layers = ends(in_channels, channels)
        for scale in upsample_scales:
            odd = scale % 2
            layers.append(build_nonlinear(*activation))
            layers.append(
                torch.nn.ConvTranspose1d(
                    channels, channels // 2, 2 * scale, scale, scale // 2 + odd, output_padding=odd, bias=bias
                )
            )
            channels //= 2
            for power in range(stacks):
                dilation = stack_kernel_size**power
                layers.append(ResidualStack(stack_kernel_size, channels, dilation, bias, *activation, pad, pad_params))
        layers += [build_nonlinear(*activation), *ends(channels, out_channels)]
        if use_final_nonlinear_activation:
            layers.append(torch.nn.Tanh())
        self.melgan = torch.nn.Sequential(*layers)
        initialize(self)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, c: Tensor) -> Tensor:
        """Generate.

        Shapes:
            c (B, F, T) -> (B, S, N)
        """
        length = c.size(2)
        c = F.pad(
            c, (0, max(0, self.fewest_frames - length)), "replicate"
        )  # what is padded must be longer than its padding
        return self.joined(self.melgan(c))[..., : length * self.upsample_factor]

    def layers_in_turn(self) -> Iterable[torch.nn.Module]:
        """All convolutions; those around others have one tap."""
        return (layer for layer in self.modules() if isinstance(layer, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)))


def initialize(module: torch.nn.Module) -> None:
    """Draw the weights of all convolutions inside from a normal distribution, as MelGAN does; biases stay torch's."""
    for part in module.modules():
        if isinstance(part, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)):
            torch.nn.init.normal_(part.weight, 0.0, 0.02)

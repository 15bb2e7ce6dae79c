"""The generator of HiFi-GAN: features to a waveform.

Kong et al., "HiFi-GAN", 2020, https://arxiv.org/abs/2010.05646, section 2.2 and appendix A. The sizes of the paper are
``V1``, ``V2`` and ``V3``.
"""

# Shapes: B batch, C channels, T frames, F features, G conditions, N = T * prod(upsample_scales) samples
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.nonlinear import build_nonlinear
from espnet2.layers.weight_norm import add_weight_norm, remove_weight_norm
from espnet2.utils.errors import InputError

LAST_SLOPE = 0.01  # of the last leaky rectifier, unlike the others


class ResidualBlock(torch.nn.Module):
    """Dilated convolutions, each with a connection around it.

    Args:
        kernel_size: Taps (odd).
        channels: Channels C.
        dilations: One per convolution.
        bias: Have biases.
        use_additional_convs: Let another convolution, without dilation, follow each.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.

    Shapes:
        x (B, C, T) -> (B, C, T)
    """

    def __init__(
        self,
        kernel_size: int,
        channels: int,
        dilations: Sequence[int],
        bias: bool,
        use_additional_convs: bool,
        nonlinear_activation: str,
        nonlinear_activation_params: Mapping[str, Any],
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise InputError(f"generator_params: resblock_kernel_sizes must be odd, but one is {kernel_size}")

        def conv(dilation: int) -> torch.nn.Sequential:
            padding = (kernel_size - 1) // 2 * dilation
            return torch.nn.Sequential(
                build_nonlinear(nonlinear_activation, nonlinear_activation_params),
                torch.nn.Conv1d(channels, channels, kernel_size, padding=padding, dilation=dilation, bias=bias),
            )

        self.convs1 = torch.nn.ModuleList(conv(dilation) for dilation in dilations)
        self.convs2 = torch.nn.ModuleList(conv(1) for _ in dilations) if use_additional_convs else None

    def forward(self, x: Tensor) -> Tensor:
        """Apply all convolutions."""
        for index, conv in enumerate(self.convs1):
            y = conv(x)
            x = x + (y if self.convs2 is None else self.convs2[index](y))
        return x

    def convolutions(self) -> list[torch.nn.Conv1d]:
        """All of them, in turn."""
        return [layer for layer in self.modules() if isinstance(layer, torch.nn.Conv1d)]

    @property
    def reach(self) -> int:
        """How many values before and after its own an output depends on."""
        return sum((layer.kernel_size[0] - 1) // 2 * layer.dilation[0] for layer in self.convolutions())


class HiFiGANGenerator(AbsGenerator):
    """Upsampling in steps, each followed by blocks with several fields of view whose mean is taken.

    Args:
        in_channels: Features F.
        out_channels: Signals that come out; more than one are bands of a waveform.
        channels: Channels after the first convolution; each step halves them.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
        kernel_size: Taps of the first and the last convolution (odd).
        upsample_scales: Factors of the steps.
        upsample_kernel_sizes: Taps of the steps; twice their factors.
        resblock_kernel_sizes: Taps of each block of a step.
        resblock_dilations: Dilations of each block of a step.
        use_additional_convs: Let a convolution without dilation follow each dilated one (false in the paper's V3).
        bias: Have biases.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        use_weight_norm: Normalise the weights of all convolutions.

    Raises:
        InputError: If lists differ in length, or kernel sizes do not fit.
    """

    def __init__(
        self,
        in_channels: int = 80,
        out_channels: int = 1,
        channels: int = 512,
        global_channels: int = -1,
        kernel_size: int = 7,
        upsample_scales: Sequence[int] = (8, 8, 2, 2),
        upsample_kernel_sizes: Sequence[int] = (16, 16, 4, 4),
        resblock_kernel_sizes: Sequence[int] = (3, 7, 11),
        resblock_dilations: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        use_additional_convs: bool = True,
        bias: bool = True,
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = {"negative_slope": 0.1},  # noqa: B006
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, prod(upsample_scales))
        _check(kernel_size, upsample_scales, upsample_kernel_sizes, resblock_kernel_sizes, resblock_dilations)
        padding = (kernel_size - 1) // 2
        self.num_blocks = len(resblock_kernel_sizes)
        self.input_conv = torch.nn.Conv1d(in_channels, channels, kernel_size, padding=padding)
        self.upsamples = torch.nn.ModuleList()
        self.blocks = torch.nn.ModuleList()
        for step, (scale, taps) in enumerate(zip(upsample_scales, upsample_kernel_sizes, strict=True)):
            width = channels // 2 ** (step + 1)
            upsample = torch.nn.ConvTranspose1d(
                channels // 2**step,
                width,
                taps,
                scale,
                padding=scale // 2 + scale % 2,
                output_padding=scale % 2,
                bias=bias,
            )
            activation = build_nonlinear(nonlinear_activation, nonlinear_activation_params)
            self.upsamples.append(torch.nn.Sequential(activation, upsample))
            for size, dilations in zip(resblock_kernel_sizes, resblock_dilations, strict=True):
                self.blocks.append(
                    ResidualBlock(
                        size,
                        width,
                        dilations,
                        bias,
                        use_additional_convs,
                        nonlinear_activation,
                        nonlinear_activation_params,
                    )
                )
        self.output_conv = torch.nn.Sequential(
            torch.nn.LeakyReLU(LAST_SLOPE),
            torch.nn.Conv1d(width, out_channels, kernel_size, padding=padding),
            torch.nn.Tanh(),
        )
        self.global_conv = torch.nn.Conv1d(global_channels, channels, 1) if global_channels > 0 else None
        self._initialize()
        if use_weight_norm:
            add_weight_norm(self)

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)):
                torch.nn.init.normal_(module.weight, 0.0, 0.01)

    def forward(self, c: Tensor, g: Tensor | None = None) -> Tensor:
        """Generate.

        Args:
            c: Features.
            g: A condition of the whole utterance.

        Shapes:
            c (B, F, T), g (B, G, 1) -> (B, out_channels, N)
        """
        x = self.input_conv(c)
        if g is not None and self.global_conv is not None:
            x = x + self.global_conv(g)
        for step, upsample in enumerate(self.upsamples):
            x = upsample(x)
            first = step * self.num_blocks
            total = self.blocks[first](x)
            for block in self.blocks[first + 1 : first + self.num_blocks]:
                total = total + block(x)
            x = total / self.num_blocks
        return self.joined(self.output_conv(x))

    def layers_in_turn(self) -> Iterable[torch.nn.Module]:
        """The first and the last convolution, and between them those of each step and of its block that reaches furthest."""
        yield self.input_conv
        upsamples: Any = self.upsamples
        blocks: Any = self.blocks
        for step, upsample in enumerate(upsamples):
            yield upsample[1]
            of_step = blocks[step * self.num_blocks : (step + 1) * self.num_blocks]
            yield from max(of_step, key=lambda block: block.reach).convolutions()
        yield self.output_conv[1]

    def remove_weight_norm(self) -> None:
        """Compute the weights once for all; for inference."""
        remove_weight_norm(self)


def _check(
    kernel_size: int,
    upsample_scales: Sequence[int],
    upsample_kernel_sizes: Sequence[int],
    resblock_kernel_sizes: Sequence[int],
    resblock_dilations: Sequence[Sequence[int]],
) -> None:
    if kernel_size % 2 == 0:
        raise InputError(f"generator_params: kernel_size must be odd, but it is {kernel_size}")
    if [2 * scale for scale in upsample_scales] != list(upsample_kernel_sizes):
        raise InputError(
            f"generator_params: upsample_kernel_sizes {list(upsample_kernel_sizes)} must be twice upsample_scales "
            f"{list(upsample_scales)}"
        )
    if len(resblock_kernel_sizes) != len(resblock_dilations):
        raise InputError("generator_params: resblock_kernel_sizes and resblock_dilations must be equally many")

"""The discriminators of Parallel WaveGAN: dilated convolutions over the waveform, at its own rate.

Yamamoto et al., "Parallel WaveGAN", 2020, https://arxiv.org/abs/1910.11480, section 2.2 and 4.1.2.
"""

# Shapes: B batch, C channels, N samples
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.losses import Verdicts
from espnet2.gan_tts.melgan.generator import LEAKY
from espnet2.gan_tts.nonlinear import build_nonlinear
from espnet2.gan_tts.pwg.residual import initialize, residual_blocks, run_blocks
from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError


class ParallelWaveGANDiscriminator(torch.nn.Module):
    """Convolutions whose dilations grow.

    Args:
        in_channels: Channels of the waveform.
        out_channels: Channels of the verdict.
        kernel_size: Taps (odd).
        layers: Number of convolutions.
        conv_channels: Channels of all but the last.
        dilation_factor: 1: dilations 1, 1, 2, 3, ...; else its powers; 1 for the last convolution.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
        bias: Have biases.
        use_weight_norm: Normalise the weights of all convolutions.

    Raises:
        InputError: If the number of taps is even, or the factor less than 1.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        kernel_size: int = 3,
        layers: int = 10,
        conv_channels: int = 64,
        dilation_factor: int = 1,
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
        bias: bool = True,
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0 or dilation_factor < 1:
            raise InputError(
                f"discriminator_params: kernel_size {kernel_size} must be odd, dilation_factor {dilation_factor} 1 or more"
            )
        self.conv_layers = torch.nn.ModuleList()
        for layer in range(layers - 1):
            grown = max(layer, 1) if dilation_factor == 1 else dilation_factor**layer
            padding = (kernel_size - 1) // 2 * grown
            conv = torch.nn.Conv1d(in_channels, conv_channels, kernel_size, 1, padding, grown, bias=bias)
            self.conv_layers += [conv, build_nonlinear(nonlinear_activation, nonlinear_activation_params)]
            in_channels = conv_channels
        last = torch.nn.Conv1d(in_channels, out_channels, kernel_size, 1, (kernel_size - 1) // 2, bias=bias)
        self.conv_layers.append(last)
        initialize(self)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, x: Tensor) -> Verdicts:
        """Judge.

        Shapes:
            x (B, C, N) -> one discriminator: layers (B, C', N)
        """
        outputs = []
        for conv, activation in zip(self.conv_layers[:-1:2], self.conv_layers[1::2], strict=True):
            x = activation(conv(x))
            outputs.append(x)
        return [[*outputs, self.conv_layers[-1](x)]]


class ResidualParallelWaveGANDiscriminator(torch.nn.Module):
    """A WaveNet that hears no features.

    Args:
        in_channels: Channels of the waveform.
        out_channels: Channels of the verdict.
        kernel_size: Taps (odd).
        layers: Number of blocks.
        stacks: Groups of blocks; dilations begin anew in each.
        residual_channels: Channels that go from block to block.
        gate_channels: Channels of the dilated convolutions.
        skip_channels: Channels that are skipped to the end.
        dropout: Dropout on the input of each block.
        bias: Have biases.
        use_weight_norm: Normalise the weights of all convolutions.
        nonlinear_activation: Name of a torch activation.
        nonlinear_activation_params: Its arguments.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        kernel_size: int = 3,
        layers: int = 30,
        stacks: int = 3,
        residual_channels: int = 64,
        gate_channels: int = 128,
        skip_channels: int = 64,
        dropout: float = 0.0,
        bias: bool = True,
        use_weight_norm: bool = True,
        nonlinear_activation: str = "LeakyReLU",
        nonlinear_activation_params: Mapping[str, Any] = LEAKY,
    ) -> None:
        super().__init__()

        def activation() -> torch.nn.Module:
            return build_nonlinear(nonlinear_activation, nonlinear_activation_params)

        self.first_conv = torch.nn.Sequential(torch.nn.Conv1d(in_channels, residual_channels, 1), activation())
        self.conv_layers = residual_blocks(
            layers, stacks, kernel_size, residual_channels, gate_channels, skip_channels, 0, dropout, bias
        )
        self.last_conv_layers = torch.nn.Sequential(
            activation(),
            torch.nn.Conv1d(skip_channels, skip_channels, 1),
            activation(),
            torch.nn.Conv1d(skip_channels, out_channels, 1),
        )
        initialize(self)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, x: Tensor) -> Verdicts:
        """Judge.

        Shapes:
            x (B, C, N) -> one discriminator: verdict (B, C', N)
        """
        return [[self.last_conv_layers(run_blocks(self.conv_layers, self.first_conv(x), None))]]

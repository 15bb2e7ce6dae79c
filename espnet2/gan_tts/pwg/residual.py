"""The block of WaveNets that Parallel WaveGAN is made of.

van den Oord et al., "WaveNet", 2016, https://arxiv.org/abs/1609.03499, section 2.3 and 2.4; not causal, as in Yamamoto et al., "Parallel
WaveGAN", 2020, https://arxiv.org/abs/1910.11480, section 2.1.
"""

# Shapes: B batch, C residual channels, G gate channels, S skip channels, F features, N samples
import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError

HALF = math.sqrt(0.5)  # keeps the variance of a sum of two


class ResidualBlock(torch.nn.Module):
    """A dilated convolution, a gate, and a map to what goes on and what is skipped to the end.

    Args:
        kernel_size: Taps (odd).
        residual_channels: Channels C.
        gate_channels: Channels G of the convolution; half of them are the gates.
        skip_channels: Channels S.
        aux_channels: Features F that the gates hear; 0 for none.
        dropout: Dropout on the input.
        dilation: Samples between taps.
        bias: Have biases.
    """

    def __init__(
        self,
        kernel_size: int,
        residual_channels: int,
        gate_channels: int,
        skip_channels: int,
        aux_channels: int,
        dropout: float,
        dilation: int,
        bias: bool,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.sizes = (residual_channels, skip_channels)
        padding = (kernel_size - 1) // 2 * dilation
        self.conv = torch.nn.Conv1d(
            residual_channels, gate_channels, kernel_size, padding=padding, dilation=dilation, bias=bias
        )
        self.conv1x1_aux = torch.nn.Conv1d(aux_channels, gate_channels, 1, bias=False) if aux_channels > 0 else None
        self.conv1x1_out = torch.nn.Conv1d(gate_channels // 2, residual_channels + skip_channels, 1, bias=bias)

    def forward(self, x: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor]:
        """What goes on, and what is skipped.

        Shapes:
            x (B, C, N), c (B, F, N) -> (B, C, N), (B, S, N)
        """
        gates = self.conv(F.dropout(x, self.dropout, self.training))
        if c is not None and self.conv1x1_aux is not None:
            gates = gates + self.conv1x1_aux(c)
        signal, gate = gates.chunk(2, dim=1)
        change, skip = self.conv1x1_out(signal.tanh() * gate.sigmoid()).split(self.sizes, dim=1)
        return (x + change) * HALF, skip


def residual_blocks(
    layers: int,
    stacks: int,
    kernel_size: int,
    residual_channels: int,
    gate_channels: int,
    skip_channels: int,
    aux_channels: int,
    dropout: float,
    bias: bool,
) -> torch.nn.ModuleList:
    """Blocks in groups; in each, dilations are the powers of two from 1.

    Raises:
        InputError: If the layers cannot be grouped, the taps are even, or the gate channels odd.
    """
    if layers % stacks or kernel_size % 2 == 0 or gate_channels % 2:
        raise InputError(
            f"layers {layers} must be a multiple of stacks {stacks}, kernel_size {kernel_size} odd, gate_channels "
            f"{gate_channels} even"
        )
    sizes = (kernel_size, residual_channels, gate_channels, skip_channels, aux_channels, dropout)
    return torch.nn.ModuleList(
        ResidualBlock(*sizes, 2 ** (layer % (layers // stacks)), bias) for layer in range(layers)
    )


def run_blocks(blocks: torch.nn.ModuleList, x: Tensor, c: Tensor | None) -> Tensor:
    """The sum of what all blocks skip, scaled to keep its variance.

    Shapes:
        x (B, C, N), c (B, F, N) -> (B, S, N)
    """
    total: Tensor | None = None
    for block in blocks:
        x, skip = block(x, c)
        total = skip if total is None else total + skip
    assert total is not None
    return total * math.sqrt(1.0 / len(blocks))


def initialize(module: torch.nn.Module) -> None:
    """Draw the weights of all convolutions over samples as for rectifiers; biases are zero.

    He et al., "Delving Deep into Rectifiers", 2015, https://arxiv.org/abs/1502.01852, equation 10.
    """
    for part in module.modules():
        if isinstance(part, torch.nn.Conv1d):
            torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                torch.nn.init.zeros_(part.bias)


def with_joined_outputs(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file whose blocks have two convolutions, of what goes on and of what is skipped, with one for both."""
    joined = dict(state)
    for name in state:
        if ".conv1x1_skip." in name:
            together = name.replace(".conv1x1_skip.", ".conv1x1_out.")
            joined[together] = torch.cat([state[together], joined.pop(name)])
    return joined


def with_separate_outputs(state: Mapping[str, Tensor], residual_channels: int) -> dict[str, Tensor]:
    """The opposite of ``with_joined_outputs``."""
    separate = dict(state)
    for name, value in state.items():
        if ".conv1x1_out." in name:
            separate[name] = value[:residual_channels].clone()
            separate[name.replace(".conv1x1_out.", ".conv1x1_skip.")] = value[residual_channels:].clone()
    return separate

"""WaveNet's stack of gated, dilated convolutions, not causal, as posteriors and flows use it.

van den Oord et al., "WaveNet", 2016, https://arxiv.org/abs/1609.03499, section 2.3; here after Prenger et al., "WaveGlow", 2018,
https://arxiv.org/abs/1811.00002, and Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, appendix B.
"""

# Shapes: B batch, C channels, T frames, G conditions
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError


class WaveNetLayer(torch.nn.Module):
    """A dilated convolution, a gate, and a map to what goes on and what is skipped to the end.

    Args:
        channels: Channels C.
        kernel_size: Taps (odd).
        dilation: Frames between taps.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
        dropout_rate: Dropout on the input.
    """

    def __init__(
        self, channels: int, kernel_size: int, dilation: int, global_channels: int, dropout_rate: float
    ) -> None:
        super().__init__()
        self.dropout_rate = dropout_rate
        padding = (kernel_size - 1) // 2 * dilation
        self.conv = torch.nn.Conv1d(channels, 2 * channels, kernel_size, padding=padding, dilation=dilation)
        self.conv1x1_glo = (
            torch.nn.Conv1d(global_channels, 2 * channels, 1, bias=False) if global_channels > 0 else None
        )
        self.conv1x1_out = torch.nn.Conv1d(channels, 2 * channels, 1)

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None) -> tuple[Tensor, Tensor]:
        """What goes on, and what is skipped.

        Shapes:
            x (B, C, T), x_mask (B, 1, T), g (B, G, 1) -> (B, C, T), (B, C, T)
        """
        gates = self.conv(F.dropout(x, self.dropout_rate, self.training))
        if g is not None and self.conv1x1_glo is not None:
            gates = gates + self.conv1x1_glo(g)
        signal, gate = gates.chunk(2, dim=1)
        change, skip = self.conv1x1_out(signal.tanh() * gate.sigmoid()).chunk(2, dim=1)
        return (x + change) * x_mask, skip


class WaveNet(torch.nn.Module):
    """A stack of layers; the sum of what they skip, scaled to keep its variance.

    Args:
        channels: Channels C.
        kernel_size: Taps (odd).
        layers: Number of layers.
        stacks: Number of groups of layers; dilations begin anew in each.
        base_dilation: Dilations are its powers.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
        dropout_rate: Dropout on the input of each layer.
        use_weight_norm: Normalise the weights of all convolutions.

    Raises:
        InputError: If the kernel size is even, or the layers cannot be grouped.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        layers: int,
        stacks: int = 1,
        base_dilation: int = 1,
        global_channels: int = -1,
        dropout_rate: float = 0.0,
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0 or layers % stacks != 0:
            raise InputError(
                f"generator_params: kernel size {kernel_size} must be odd, {layers} layers a multiple of {stacks}"
            )
        self.conv_layers = torch.nn.ModuleList(
            WaveNetLayer(
                channels, kernel_size, base_dilation ** (i % (layers // stacks)), global_channels, dropout_rate
            )
            for i in range(layers)
        )
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Apply all layers.

        Shapes:
            x (B, C, T), x_mask (B, 1, T), g (B, G, 1) -> (B, C, T)
        """
        skips = torch.zeros_like(x)
        for layer in self.conv_layers:
            x, skip = layer(x, x_mask, g)
            skips = skips + skip
        return skips * math.sqrt(1.0 / len(self.conv_layers)) * x_mask

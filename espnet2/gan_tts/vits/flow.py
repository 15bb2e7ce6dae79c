"""Invertible maps of few channels, which the duration predictor is made of.

Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, appendix B; Durkan et al., "Neural Spline Flows", 2019,
https://arxiv.org/abs/1906.04032. Each gives, forward, its output and the logarithm of its Jacobian's determinant; backward, its
output alone.
"""

# Shapes: B batch, C channels, L tokens, H hidden channels
import math

import torch
from torch import Tensor

from espnet2.gan_tts.vits.transform import rational_quadratic_spline

LEAST_DURATION = 1.0e-5


class FlipFlow(torch.nn.Module):
    """Reverse the order of channels."""

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map; x (B, C, L) -> (B, C, L), (B,)."""
        return x.flip(1), x.new_zeros(len(x))

    def inverse(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Map back; x (B, C, L) -> (B, C, L)."""
        return x.flip(1)


class LogFlow(torch.nn.Module):
    """The logarithm."""

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map; x (B, C, L), x_mask (B, 1, L) -> (B, C, L), (B,)."""
        y = x.clamp(min=LEAST_DURATION).log() * x_mask
        return y, -y.sum((1, 2))


class ElementwiseAffineFlow(torch.nn.Module):
    """Scale and shift each channel.

    Args:
        channels: Channels C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.m = torch.nn.Parameter(torch.zeros(channels, 1))
        self.logs = torch.nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map; x (B, C, L), x_mask (B, 1, L) -> (B, C, L), (B,)."""
        return (self.m + self.logs.exp() * x) * x_mask, (self.logs * x_mask).sum((1, 2))

    def inverse(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Map back; x (B, C, L), x_mask (B, 1, L) -> (B, C, L)."""
        return (x - self.m) * (-self.logs).exp() * x_mask


class Transpose(torch.nn.Module):
    """Exchange the last two axes, for a normalisation over channels: (B, C, L) -> (B, L, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Exchange."""
        return x.transpose(1, 2)


class DilatedDepthSeparableConv(torch.nn.Module):
    """Layers of a depthwise, dilated convolution and one over channels, each with a connection around it.

    Args:
        channels: Channels H.
        kernel_size: Taps (odd); dilations are its powers.
        layers: Number of layers.
        dropout_rate: Dropout at the end of each layer.
    """

    def __init__(self, channels: int, kernel_size: int, layers: int, dropout_rate: float = 0.0) -> None:
        super().__init__()
        self.convs = torch.nn.ModuleList()
        for layer in range(layers):
            dilation = kernel_size**layer
            padding = (kernel_size - 1) // 2 * dilation
            self.convs.append(
                torch.nn.Sequential(
                    torch.nn.Conv1d(
                        channels, channels, kernel_size, padding=padding, dilation=dilation, groups=channels
                    ),
                    Transpose(),
                    torch.nn.LayerNorm(channels),
                    Transpose(),
                    torch.nn.GELU(),
                    torch.nn.Conv1d(channels, channels, 1),
                    Transpose(),
                    torch.nn.LayerNorm(channels),
                    Transpose(),
                    torch.nn.GELU(),
                    torch.nn.Dropout(dropout_rate),
                )
            )

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Apply all layers.

        Shapes:
            x (B, H, L), x_mask (B, 1, L), g (B, H, L) -> (B, H, L)
        """
        x = x if g is None else x + g
        for conv in self.convs:
            x = x + conv(x * x_mask)
        return x * x_mask


class ConvFlow(torch.nn.Module):
    """Map half of the channels by splines that a network computes from the other half.

    Args:
        in_channels: Channels C.
        hidden_channels: Channels H of the network.
        kernel_size: Its taps.
        layers: Its layers.
        bins: Pieces of each spline.
        tail_bound: Beyond it, on both sides, the spline is the identity.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        kernel_size: int,
        layers: int,
        bins: int = 10,
        tail_bound: float = 5.0,
    ) -> None:
        super().__init__()
        self.half_channels = in_channels // 2
        self.bins = bins
        self.tail_bound = tail_bound
        self.scale = 1.0 / math.sqrt(hidden_channels)
        self.input_conv = torch.nn.Conv1d(self.half_channels, hidden_channels, 1)
        self.dds_conv = DilatedDepthSeparableConv(hidden_channels, kernel_size, layers)
        self.proj = torch.nn.Conv1d(hidden_channels, self.half_channels * (3 * bins - 1), 1)
        for parameter in self.proj.parameters():
            torch.nn.init.zeros_(parameter)

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map; x (B, C, L), x_mask (B, 1, L), g (B, H, L) -> (B, C, L), (B,)."""
        xa, xb, log_slopes = self._map(x, x_mask, g, inverse=False)
        return torch.cat([xa, xb], 1) * x_mask, (log_slopes * x_mask).sum((1, 2))

    def inverse(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Map back; x (B, C, L), x_mask (B, 1, L), g (B, H, L) -> (B, C, L)."""
        xa, xb, _ = self._map(x, x_mask, g, inverse=True)
        return torch.cat([xa, xb], 1) * x_mask

    def _map(self, x: Tensor, x_mask: Tensor, g: Tensor | None, inverse: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Shapes: -> (B, C/2, L) as it was, (B, C/2, L) mapped, (B, C/2, L) logarithms of the slopes."""
        xa, xb = x.split(self.half_channels, 1)
        h = self.proj(self.dds_conv(self.input_conv(xa), x_mask, g)) * x_mask
        h = h.unflatten(1, (self.half_channels, -1)).transpose(2, 3)  # (B, C/2, L, 3 bins - 1)
        widths, heights, slopes = h.split([self.bins, self.bins, self.bins - 1], -1)
        mapped, log_slopes = rational_quadratic_spline(
            xb, widths * self.scale, heights * self.scale, slopes, self.tail_bound, inverse
        )
        return xa, mapped, log_slopes

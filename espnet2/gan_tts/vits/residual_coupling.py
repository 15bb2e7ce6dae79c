"""The flow between latent frames and the prior of the text.

Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, section 2.1.2 and appendix B;
Dinh et al., "Density estimation using Real NVP", 2016, https://arxiv.org/abs/1605.08803.
"""

# Shapes: B batch, C channels, T frames, G conditions
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.vits.flow import FlipFlow
from espnet2.gan_tts.vits.wavenet import WaveNet


class ResidualAffineCouplingLayer(torch.nn.Module):
    """Shift (and scale) half of the channels by what a WaveNet computes from the other half.

    Args:
        in_channels: Channels C.
        hidden_channels: Channels of the WaveNet.
        kernel_size: Its taps.
        base_dilation: Its dilations are powers of this.
        layers: Its layers.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
        dropout_rate: Its dropout.
        use_weight_norm: Normalise its weights.
        use_only_mean: Shift only; the volume is kept.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        kernel_size: int,
        base_dilation: int,
        layers: int,
        global_channels: int,
        dropout_rate: float,
        use_weight_norm: bool,
        use_only_mean: bool,
    ) -> None:
        super().__init__()
        self.half_channels = in_channels // 2
        self.use_only_mean = use_only_mean
        self.input_conv = torch.nn.Conv1d(self.half_channels, hidden_channels, 1)
        self.encoder = WaveNet(
            hidden_channels, kernel_size, layers, 1, base_dilation, global_channels, dropout_rate, use_weight_norm
        )
        self.proj = torch.nn.Conv1d(hidden_channels, self.half_channels * (1 if use_only_mean else 2), 1)
        for parameter in self.proj.parameters():
            torch.nn.init.zeros_(parameter)

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Map; x (B, C, T), x_mask (B, 1, T), g (B, G, 1) -> (B, C, T)."""
        xa, xb = x.split(self.half_channels, 1)
        mean, log_scale = self._change(xa, x_mask, g)
        return torch.cat([xa, mean + xb * log_scale.exp() * x_mask], 1)

    def inverse(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Map back; x (B, C, T), x_mask (B, 1, T), g (B, G, 1) -> (B, C, T)."""
        xa, xb = x.split(self.half_channels, 1)
        mean, log_scale = self._change(xa, x_mask, g)
        return torch.cat([xa, (xb - mean) * (-log_scale).exp() * x_mask], 1)

    def _change(self, xa: Tensor, x_mask: Tensor, g: Tensor | None) -> tuple[Tensor, Tensor]:
        change = self.proj(self.encoder(self.input_conv(xa) * x_mask, x_mask, g)) * x_mask
        if self.use_only_mean:
            return change, torch.zeros_like(change)
        mean, log_scale = change.chunk(2, 1)
        return mean, log_scale


class ResidualAffineCouplingBlock(torch.nn.Module):
    """Coupling layers; the order of channels is reversed after each.

    Args:
        in_channels: Channels C.
        hidden_channels: Channels of the WaveNets.
        flows: Number of coupling layers.
        kernel_size: Taps of the WaveNets.
        base_dilation: Their dilations are powers of this.
        layers: Their layers.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
        dropout_rate: Their dropout.
        use_weight_norm: Normalise their weights.
        use_only_mean: Shift only; the volume is kept.
    """

    def __init__(
        self,
        in_channels: int = 192,
        hidden_channels: int = 192,
        flows: int = 4,
        kernel_size: int = 5,
        base_dilation: int = 1,
        layers: int = 4,
        global_channels: int = -1,
        dropout_rate: float = 0.0,
        use_weight_norm: bool = True,
        use_only_mean: bool = True,
    ) -> None:
        super().__init__()
        sizes = (in_channels, hidden_channels, kernel_size, base_dilation, layers, global_channels)
        self.flows = torch.nn.ModuleList()
        for _ in range(flows):
            self.flows.append(ResidualAffineCouplingLayer(*sizes, dropout_rate, use_weight_norm, use_only_mean))
            self.flows.append(_Flip())

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Latent frames to those of the prior; x (B, C, T), x_mask (B, 1, T), g (B, G, 1) -> (B, C, T)."""
        for flow in self.flows:
            x = flow(x, x_mask, g)
        return x

    def inverse(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:
        """Frames of the prior to latent ones; x (B, C, T), x_mask (B, 1, T), g (B, G, 1) -> (B, C, T)."""
        parts: list[Any] = list(reversed(self.flows))
        for flow in parts:
            x = flow.inverse(x, x_mask, g)
        return x


class _Flip(FlipFlow):
    """Reverse the order of channels; the determinant is not asked for."""

    def forward(self, x: Tensor, x_mask: Tensor, g: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return x.flip(1)

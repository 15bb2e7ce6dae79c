"""Durations as random variables, by a flow with variational dequantisation.

Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, section 2.2.2 and appendix A.
"""

# Shapes: B batch, C channels, L tokens, G conditions
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.gan_tts.vits.flow import ConvFlow, DilatedDepthSeparableConv, ElementwiseAffineFlow, FlipFlow, LogFlow
from espnet2.tts.parts.randomness import Generators, padded_normal


def _flows(channels: int, kernel_size: int, flows: int, layers: int) -> torch.nn.ModuleList:
    parts: list[torch.nn.Module] = [ElementwiseAffineFlow(2)]
    for _ in range(flows):
        parts += [ConvFlow(2, channels, kernel_size, layers), FlipFlow()]
    return torch.nn.ModuleList(parts)


def _log_normal(x: Tensor, x_mask: Tensor) -> Tensor:
    """Log density of the standard normal distribution: (B, C, L) -> (B,)."""
    return (-0.5 * (math.log(2 * math.pi) + x.square()) * x_mask).sum((1, 2))


class StochasticDurationPredictor(torch.nn.Module):
    """Encoded tokens to durations; gradients do not reach what encoded them.

    Args:
        channels: Channels C.
        kernel_size: Taps of all convolutions (odd).
        dropout_rate: Dropout of the network around the flows.
        flows: Steps of each flow.
        dds_conv_layers: Layers of each network.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
    """

    def __init__(
        self,
        channels: int = 192,
        kernel_size: int = 3,
        dropout_rate: float = 0.5,
        flows: int = 4,
        dds_conv_layers: int = 3,
        global_channels: int = -1,
    ) -> None:
        super().__init__()
        self.pre = torch.nn.Conv1d(channels, channels, 1)
        self.dds = DilatedDepthSeparableConv(channels, kernel_size, dds_conv_layers, dropout_rate)
        self.proj = torch.nn.Conv1d(channels, channels, 1)
        self.log_flow = LogFlow()
        self.flows = _flows(channels, kernel_size, flows, dds_conv_layers)
        self.post_pre = torch.nn.Conv1d(1, channels, 1)
        self.post_dds = DilatedDepthSeparableConv(channels, kernel_size, dds_conv_layers, dropout_rate)
        self.post_proj = torch.nn.Conv1d(channels, channels, 1)
        self.post_flows = _flows(channels, kernel_size, flows, dds_conv_layers)
        self.global_conv = torch.nn.Conv1d(global_channels, channels, 1) if global_channels > 0 else None

    def forward(self, x: Tensor, x_mask: Tensor, w: Tensor, g: Tensor | None = None) -> Tensor:
        """An upper bound of the negative log likelihood of durations, per utterance.

        Args:
            x: Encoded tokens.
            x_mask: 1 on valid tokens.
            w: Their durations in frames.
            g: A condition of the whole utterance.

        Shapes:
            x (B, C, L), x_mask (B, 1, L), w (B, 1, L), g (B, G, 1) -> (B,)
        """
        x = self._condition(x, x_mask, g)
        h = self.post_proj(self.post_dds(self.post_pre(w), x_mask)) * x_mask
        noise = torch.randn(len(w), 2, w.size(2)).to(w) * x_mask
        z, log_det_q = _through(self.post_flows, noise, x_mask, x + h)
        z_u, z1 = z.split(1, 1)
        u = z_u.sigmoid() * x_mask
        log_det_q = log_det_q + ((F.logsigmoid(z_u) + F.logsigmoid(-z_u)) * x_mask).sum((1, 2))
        log_q = _log_normal(noise, x_mask) - log_det_q
        z0, log_det = self.log_flow((w - u) * x_mask, x_mask)
        z, more = _through(self.flows, torch.cat([z0, z1], 1), x_mask, x)
        return log_q - _log_normal(z, x_mask) - log_det - more

    def inference(
        self,
        x: Tensor,
        x_mask: Tensor,
        g: Tensor | None = None,
        noise_scale: float = 1.0,
        generators: Generators | None = None,
    ) -> Tensor:
        """Logarithms of durations.

        Args:
            x: Encoded tokens.
            x_mask: 1 on valid tokens.
            g: A condition of the whole utterance.
            noise_scale: How much durations vary.
            generators: Random numbers of each utterance; None: torch's own.

        Shapes:
            x (B, C, L), x_mask (B, 1, L), g (B, G, 1) -> (B, 1, L)
        """
        x = self._condition(x, x_mask, g)
        lengths = [int(length) for length in x_mask.sum((1, 2))]
        z = padded_normal(generators or [None] * len(x), 2, lengths, x) * noise_scale
        backward = [self.flows[0], *self.flows[3:]]  # the first coupling changes only the half that is not used
        for flow in reversed(backward):
            z = flow.inverse(z, x_mask, x)
        return z[:, :1]

    def _condition(self, x: Tensor, x_mask: Tensor, g: Tensor | None) -> Tensor:
        x = self.pre(x.detach())
        if g is not None and self.global_conv is not None:
            x = x + self.global_conv(g.detach())
        return self.proj(self.dds(x, x_mask)) * x_mask


def _through(flows: torch.nn.ModuleList, z: Tensor, x_mask: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    total = z.new_zeros(len(z))
    for flow in flows:
        z, log_det = flow(z, x_mask, g)
        total = total + log_det
    return z, total

"""One layer of a Transformer encoder.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.1;
Huang et al., "Deep Networks with Stochastic Depth", 2016, https://arxiv.org/abs/1603.09382.
"""
# Shapes: B batch, T frames, D model size
import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.layers.layer_norm import LayerNorm


def skip_layer(layer: torch.nn.Module, rate: float) -> bool:
    """Decide for one training step whether a layer of stochastic depth is left out."""
    return layer.training and rate > 0 and float(torch.rand(1)) < rate


class TransformerLayer(torch.nn.Module):
    """Self-attention and feed-forward network, each with normalisation, dropout and a residual path.

    Args:
        size: Model size D.
        self_attn: Attention.
        feed_forward: Position-wise network.
        dropout_rate: Dropout on both branches.
        normalize_before: Normalise the input of each branch; else the sum after it.
        concat_after: Join input and output of the attention by a linear map, without dropout.
        stochastic_depth_rate: Probability of leaving the layer out in training; the branches of a layer that stays are
            scaled up accordingly.
    """

    def __init__(
        self,
        size: int,
        self_attn: torch.nn.Module,
        feed_forward: torch.nn.Module,
        dropout_rate: float,
        normalize_before: bool = True,
        concat_after: bool = False,
        stochastic_depth_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.self_attn = self_attn
        self.feed_forward = feed_forward
        self.norm1 = LayerNorm(size)
        self.norm2 = LayerNorm(size)
        self.dropout = Dropout(dropout_rate)
        self.normalize_before = normalize_before
        self.concat_linear = torch.nn.Linear(2 * size, size) if concat_after else None
        self.stochastic_depth_rate = stochastic_depth_rate

    def forward(self, x: Tensor, mask: Tensor | None, pad_mask: Tensor | None = None) -> Tensor:
        """Apply the layer.

        Args:
            x: Frames.
            mask: True where a frame may look; None when it may look everywhere.
            pad_mask: True where a convolutional feed-forward network is to see zeros, as beyond the ends.

        Shapes:
            x (B, T, D), mask (B, 1, T) or (B, T, T), pad_mask (B, T) -> (B, T, D)
        """
        if skip_layer(self, self.stochastic_depth_rate):
            return x
        scale = 1.0 / (1.0 - self.stochastic_depth_rate) if self.training else 1.0
        y = self.norm1(x) if self.normalize_before else x
        attended = self.self_attn(y, y, y, mask)
        if self.concat_linear is None:
            attended = self.dropout(attended)
        else:
            attended = self.concat_linear(torch.cat([y, attended], dim=-1))
        x = torch.add(x, attended, alpha=scale)
        if not self.normalize_before:
            x = self.norm1(x)
        y = self.norm2(x) if self.normalize_before else x
        fed = self.feed_forward(y) if pad_mask is None else self.feed_forward(y, pad_mask)
        x = torch.add(x, self.dropout(fed), alpha=scale)
        return x if self.normalize_before else self.norm2(x)

"""One layer of a decoder.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.1.
"""
# Shapes: B batch, L labels, D model size
from collections.abc import Callable

import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.dropout import Dropout
from espnet2.layers.layer_norm import LayerNorm


class DecoderLayer(torch.nn.Module):
    """Self-attention, attention to the encoder's output and a feed-forward network, each with a residual connection.

    Args:
        size: Model size D.
        self_attn: What looks from label to label, an attention or a convolution.
        src_attn: Attention to the encoder's output.
        feed_forward: The network.
        dropout_rate: Dropout on each branch.
        normalize_before: Normalise the branch's input rather than the sum.
        concat_after: Join input and attention by a linear layer instead of adding them.
    """

    def __init__(
        self,
        size: int,
        self_attn: torch.nn.Module,
        src_attn: MultiHeadedAttention,
        feed_forward: torch.nn.Module,
        dropout_rate: float,
        normalize_before: bool,
        concat_after: bool,
    ):
        super().__init__()
        self.self_attn = self_attn
        self.src_attn = src_attn
        self.feed_forward = feed_forward
        self.norm1 = LayerNorm(size)
        self.norm2 = LayerNorm(size)
        self.norm3 = LayerNorm(size)
        self.dropout = Dropout(dropout_rate)
        self.normalize_before = normalize_before
        self.concat_linear1 = torch.nn.Linear(2 * size, size) if concat_after else None
        self.concat_linear2 = torch.nn.Linear(2 * size, size) if concat_after else None

    def forward(
        self, x: Tensor, look_back: Callable[[Tensor], Tensor], look_at_source: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Apply the layer.

        Args:
            x: Labels.
            look_back: The self-attention of normalised labels, over a whole sequence or over a cache.
            look_at_source: Their attention to the source.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        x = self._branch(x, self.norm1, look_back, self.concat_linear1)
        x = self._branch(x, self.norm2, look_at_source, self.concat_linear2)
        return self._branch(x, self.norm3, self.feed_forward, None)

    def _branch(
        self, x: Tensor, norm: LayerNorm, branch: Callable[[Tensor], Tensor], concat_linear: torch.nn.Linear | None
    ) -> Tensor:
        inside = norm(x) if self.normalize_before else x
        y = branch(inside)
        if concat_linear is not None:
            x = x + concat_linear(torch.cat([inside, y], -1))
        else:
            x = x + self.dropout(y)
        return x if self.normalize_before else norm(x)

"""Additive self-attention whose cost grows with the number of frames, not with its square.

Wu et al., "Fastformer: Additive Attention Can Be All You Need", 2021, https://arxiv.org/abs/2108.09084, section 3.2:
the queries are pooled into one, which multiplies each key; these are pooled into one, which multiplies each query.
No product of frames with frames occurs, so there is nothing for ``scaled_dot_product_attention`` to do.
"""
# Shapes: B batch, H heads, T frames, D model size, d_k = D / H
import math

import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.utils.errors import InputError


def pool_frames(scores: Tensor, x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the valid frames, per head weighted by a softmax of its scores over the root of d_k.

    Shapes:
        scores (B, T, H), x (B, T, D), mask (B, 1, T) -> (B, D)
    """
    num_heads = scores.size(-1)
    heads = x.unflatten(-1, (num_heads, -1)).transpose(1, 2)  # (B, H, T, d_k)
    scores = scores.transpose(1, 2) / math.sqrt(heads.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return (scores.softmax(-1).unsqueeze(2) @ heads).flatten(1)


class FastSelfAttention(torch.nn.Module):
    """Fastformer attention; the values are the queries, as in the paper.

    Args:
        n_head: Number of heads H.
        n_feat: Model size D, a multiple of ``n_head``.
        dropout_rate: Dropout on pooled vectors and on the result.

    Raises:
        InputError: If ``n_feat`` is not a multiple of ``n_head``.
    """

    def __init__(self, n_head: int, n_feat: int, dropout_rate: float) -> None:
        super().__init__()
        if n_feat % n_head:
            raise InputError(f"the model size {n_feat} is not a multiple of the number of attention heads {n_head}")
        self.query = torch.nn.Linear(n_feat, n_feat)
        self.query_att = torch.nn.Linear(n_feat, n_head)
        self.key = torch.nn.Linear(n_feat, n_feat)
        self.key_att = torch.nn.Linear(n_feat, n_head)
        self.transform = torch.nn.Linear(n_feat, n_feat)
        self.dropout = Dropout(dropout_rate)

    def espnet_initialization_fn(self) -> None:
        """Start all maps small and without bias, whatever ``init`` says."""
        for linear in self.children():
            if isinstance(linear, torch.nn.Linear):
                torch.nn.init.normal_(linear.weight, std=0.02)
                torch.nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attend.

        Args:
            x: Those who look, and what they look at.
            mask: True on valid frames; None when all are.

        Shapes:
            x (B, T, D), mask (B, 1, T) -> (B, T, D)
        """
        queries, keys = self.query(x), self.key(x)
        pooled_query = self.dropout(pool_frames(self.query_att(queries), queries, mask)).unsqueeze(1)  # (B, 1, D)
        keys = keys * pooled_query
        pooled_key = self.dropout(pool_frames(self.key_att(keys), keys, mask)).unsqueeze(1)
        return self.dropout(self.transform(pooled_key * queries)) + queries

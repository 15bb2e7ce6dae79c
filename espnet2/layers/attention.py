"""Multi-head attention.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.2.

The product, the softmax and the weighting go through one fused kernel, ``scaled_dot_product_attention``. A query that
may look nowhere gets zero weights everywhere, so its output is the bias of ``linear_out``. The weights themselves exist
only if ``keep_attention`` is set.
"""
# Shapes: B batch, H heads, L queries, T keys, D model size, d_k = D / H
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.layer_norm import LayerNorm
from espnet2.utils.errors import InputError


class MultiHeadedAttention(torch.nn.Module):
    """Scaled dot-product attention with several heads.

    Args:
        n_head: Number of heads H.
        n_feat: Model size D, a multiple of ``n_head``.
        dropout_rate: Dropout on the attention weights.
        qk_norm: Normalise queries and keys per head before the product.

    Attributes:
        keep_attention: Set True to find the weights of the last call in ``attn`` (B, H, L, T), for plots. Slower.

    Raises:
        InputError: If ``n_feat`` is not a multiple of ``n_head``.
    """

    def __init__(self, n_head: int, n_feat: int, dropout_rate: float, qk_norm: bool = False) -> None:
        super().__init__()
        if n_feat % n_head:
            raise InputError(f"the model size {n_feat} is not a multiple of the number of attention heads {n_head}")
        self.h = n_head
        self.d_k = n_feat // n_head
        self.dropout_rate = dropout_rate
        self.linear_q = torch.nn.Linear(n_feat, n_feat)
        self.linear_k = torch.nn.Linear(n_feat, n_feat)
        self.linear_v = torch.nn.Linear(n_feat, n_feat)
        self.linear_out = torch.nn.Linear(n_feat, n_feat)
        self.q_norm = LayerNorm(self.d_k) if qk_norm else torch.nn.Identity()
        self.k_norm = LayerNorm(self.d_k) if qk_norm else torch.nn.Identity()
        self.linear_qkv: torch.nn.Module | None = None
        self.keep_attention = False
        self.attn: Tensor | None = None

    def _split_heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.h, self.d_k).transpose(1, 2)  # (B, H, T, d_k)

    def project_query(self, query: Tensor) -> Tensor:
        """Project queries.

        Shapes:
            query (B, L, D) -> (B, H, L, d_k)
        """
        return self.q_norm(self._split_heads(self.linear_q(query)))

    def project_key_value(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Project keys and values; a decoder may keep both between steps.

        Shapes:
            key (B, T, D), value (B, T, D) -> (B, H, T, d_k), (B, H, T, d_k)
        """
        return self.k_norm(self._split_heads(self.linear_k(key))), self._split_heads(self.linear_v(value))

    def join_projections(self) -> None:
        """Project queries, keys and values of one sequence by one product from now on; for inference only."""
        linears = (self.linear_q, self.linear_k, self.linear_v)
        if any(type(linear) is not torch.nn.Linear for linear in linears):
            return  # quantised, or adapted
        joined = torch.nn.Linear(self.h * self.d_k, 3 * self.h * self.d_k, device="meta")
        joined.weight = torch.nn.Parameter(torch.cat([linear.weight for linear in linears]), requires_grad=False)
        joined.bias = torch.nn.Parameter(torch.cat([linear.bias for linear in linears]), requires_grad=False)
        self.linear_qkv = joined.train(self.training)

    def project_self(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of one sequence.

        Shapes:
            x (B, L, D) -> (B, H, L, d_k), (B, H, L, d_k), (B, H, L, d_k)
        """
        if self.linear_qkv is None:
            return self.project_query(x), *self.project_key_value(x, x)
        heads = self.linear_qkv(x).view(*x.shape[:2], 3, self.h, self.d_k)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind()
        return self.q_norm(query), self.k_norm(key), value

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, bias: Tensor | None = None
    ) -> Tensor:
        """Weigh projected values and join the heads.

        Args:
            query: Projected queries.
            key: Projected keys.
            value: Projected values.
            mask: True where a query may look; None when it may look everywhere.
            bias: Added to the scores after their scaling.

        Shapes:
            query (B, H, L, d_k), key (B, H, T, d_k), value (B, H, T, d_k), mask (B, 1, T) or (B, L, T),
            bias (B, H, L, T) -> (B, L, D)
        """
        if self.keep_attention:
            attn = self.weights(query, key, mask, bias)
            self.attn = attn.detach()
            context = F.dropout(attn, self.dropout_rate, self.training) @ value
        else:
            mask = None if mask is None else mask.bool().unsqueeze(1)  # (B, 1, 1 or L, T)
            if bias is not None and mask is not None:
                # -inf, not the smallest finite value: then the kernel gives zero weights to rows that may look nowhere.
                bias = bias.masked_fill(~mask, -torch.inf)
            context = F.scaled_dot_product_attention(
                query, key, value, mask if bias is None else bias, self.dropout_rate if self.training else 0.0
            )
        return self.linear_out(context.transpose(1, 2).flatten(2))

    def weights(self, query: Tensor, key: Tensor, mask: Tensor | None, bias: Tensor | None = None) -> Tensor:
        """Where the queries look; see ``attend``.

        Shapes:
            query (B, H, L, d_k), key (B, H, T, d_k), mask (B, 1, T) or (B, L, T), bias (B, H, L, T) -> (B, H, L, T)
        """
        scores = query @ key.transpose(-2, -1) / math.sqrt(self.d_k)
        if bias is not None:
            scores = scores + bias
        if mask is None:
            return scores.softmax(-1)
        mask = mask.bool().unsqueeze(1)  # (B, 1, 1 or L, T)
        lowest = torch.finfo(scores.dtype).min
        return scores.masked_fill(~mask, lowest).softmax(-1).masked_fill(~mask, 0.0)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Attend.

        Args:
            query: Those who look.
            key: What they compare with.
            value: What they take.
            mask: True where a query may look; None when it may look everywhere.

        Shapes:
            query (B, L, D), key (B, T, D), value (B, T, D), mask (B, 1, T) or (B, L, T) -> (B, L, D)
        """
        keys, values = self.project_key_value(key, value)
        return self.attend(self.project_query(query), keys, values, mask)

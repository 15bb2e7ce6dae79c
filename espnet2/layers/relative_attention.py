"""Attention that knows how far apart query and key are.

Dai et al., "Transformer-XL", 2019, https://arxiv.org/abs/1901.02860, section 3.3: with P the projected positions,
``score(i, j) = ((q_i + u) k_j + (q_i + v) P(i - j)) / sqrt(d_k)``.

Two forms exist. ``latest`` is the formula. ``legacy`` is what older conformers were trained with: its positions come
from a table in reverse order, so they depend on the size of the table and on the length of the input, and above the
diagonal the shift leaves values of the next query. Weights of one form fit the other in shape, but not in meaning.
"""
# Shapes: B batch, H heads, L queries (the last L frames; L = T unless streaming), T frames as keys,
# R = L + T - 1 distances (legacy: R = T), D model size, d_k = D / H
import math
from typing import Any

import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.dropout import Dropout
from espnet2.layers.positional_encoding import sinusoid


class RelPositionalEncoding(torch.nn.Module):
    """``dropout(x * sqrt(D))`` and the encodings of all distances T - 1, ..., -(T - 1).

    Args:
        d_model: Model size D.
        dropout_rate: Dropout on both.
        max_len: Frames tabled at first; the table grows when a longer input comes.
    """

    pe: Tensor

    def __init__(self, d_model: int, dropout_rate: float, max_len: int = 5000) -> None:
        super().__init__()
        self.d_model = d_model
        self.xscale = math.sqrt(d_model)
        self.dropout = Dropout(dropout_rate)
        self.max_len = max_len
        self.register_buffer("pe", self._table(), persistent=False)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        state_dict.pop(prefix + "pe", None)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _table(self) -> Tensor:
        return sinusoid(torch.arange(self.max_len - 1, -self.max_len, -1), self.d_model)

    def _positions(self, num_frames: int) -> Tensor:
        return self.pe[self.max_len - num_frames : self.max_len + num_frames - 1]

    def _grow(self, num_frames: int) -> None:
        if num_frames > self.max_len:
            self.max_len = num_frames
            self.pe = self._table().to(self.pe.device)

    def distances(self, num_queries: int, num_keys: int) -> Tensor:
        """The encodings of all distances between keys and the last of their frames as queries.

        Shapes:
            -> (1, R, D) with R = L + T - 1, distances T - 1, ..., -(L - 1)
        """
        self._grow(num_keys)
        return self.pe[self.max_len - num_keys : self.max_len + num_queries - 1].unsqueeze(0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scale the input and hand out the distances.

        Shapes:
            x (B, T, D) -> (B, T, D), (1, R, D)
        """
        num_frames = x.size(1)
        self._grow(num_frames)
        return self.dropout(x * self.xscale), self.dropout(self._positions(num_frames).to(x).unsqueeze(0))


class LegacyRelPositionalEncoding(RelPositionalEncoding):
    """``dropout(x * sqrt(D))`` and the encodings of positions N - 1, N - 2, ..., N - T where N is the table's size.

    Args:
        d_model: Model size D.
        dropout_rate: Dropout on both.
        max_len: N at first; it becomes the length of the longest input ever seen.
    """

    def _table(self) -> Tensor:
        return sinusoid(torch.arange(self.max_len - 1, -1, -1), self.d_model)

    def _positions(self, num_frames: int) -> Tensor:
        return self.pe[:num_frames]


def rel_shift(x: Tensor) -> Tensor:
    """Turn the columns from distances T - 1, ..., -(L - 1) into keys: ``y[i, j] = x[i, L - 1 - i + j]``.

    A row further, the wanted part begins one column earlier, so rows of R - 1 show it without a copy.

    Shapes:
        x (B, H, L, R) -> (B, H, L, T)
    """
    num_queries = x.size(-2)
    if num_queries == 1:
        return x
    stride = x.size(-1) - 1
    num_keys = stride + 2 - num_queries
    return x.flatten(-2).narrow(-1, num_queries - 1, num_queries * stride).unflatten(-1, (-1, stride))[..., :num_keys]


def legacy_rel_shift(x: Tensor) -> Tensor:
    """Shift row i left by T - 1 - i; zero follows, and then the next row's beginning.

    Args:
        x: Scores with a first column of zeros.

    Shapes:
        x (B, H, T, 1 + T) -> (B, H, T, T)
    """
    num_frames = x.size(-2)
    return x.flatten(-2).narrow(-1, num_frames, num_frames * num_frames).unflatten(-1, (-1, num_frames))


class RelPositionMultiHeadedAttention(MultiHeadedAttention):
    """Self-attention with relative positions, the ``latest`` form.

    Args:
        n_head: Number of heads H.
        n_feat: Model size D.
        dropout_rate: Dropout on the attention weights.
        zero_triu: Give no positional score to keys on the right.
    """

    def __init__(self, n_head: int, n_feat: int, dropout_rate: float, zero_triu: bool = False) -> None:
        super().__init__(n_head, n_feat, dropout_rate)
        self.zero_triu = zero_triu
        self.linear_pos = torch.nn.Linear(n_feat, n_feat, bias=False)
        self.pos_bias_u = torch.nn.Parameter(torch.empty(self.h, self.d_k))
        self.pos_bias_v = torch.nn.Parameter(torch.empty(self.h, self.d_k))
        torch.nn.init.xavier_uniform_(self.pos_bias_u)
        torch.nn.init.xavier_uniform_(self.pos_bias_v)

    def _positional_scores(self, query: Tensor, positions: Tensor) -> Tensor:
        """Shapes: query (B, H, L, d_k), positions (1, H, R, d_k) -> (B, H, L, T)."""
        scores = rel_shift(query @ positions.transpose(-2, -1))
        return scores.tril(scores.size(-1) - scores.size(-2)) if self.zero_triu else scores

    def forward(  # type: ignore[override]
        self, query: Tensor, key: Tensor, value: Tensor, pos_emb: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Attend.

        Args:
            query: Those who look.
            key: What they compare with.
            value: What they take.
            pos_emb: From the positional encoding of the same form.
            mask: True where a query may look; None when it may look everywhere.

        Shapes:
            query (B, T, D), key (B, T, D), value (B, T, D), pos_emb (1, R, D), mask (B, 1, T) or (B, T, T)
            -> (B, T, D)
        """
        return self.attend_projected(query, *self.project_key_value(key, value), pos_emb, mask)

    def attend_projected(
        self, query: Tensor, keys: Tensor, values: Tensor, pos_emb: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Attend to projected keys and values; the queries are the last L of their frames.

        Shapes:
            query (B, L, D), keys (B, H, T, d_k), values (B, H, T, d_k), pos_emb (1, R, D),
            mask (B, 1, T) or (B, L, T) -> (B, L, D)
        """
        queries = self.linear_q(query).unflatten(-1, (self.h, self.d_k))  # (B, L, H, d_k)
        positions = self._split_heads(self.linear_pos(pos_emb))
        with_v = (queries + self.pos_bias_v) * (1.0 / math.sqrt(self.d_k))
        bias = self._positional_scores(with_v.transpose(1, 2), positions)
        return self.attend((queries + self.pos_bias_u).transpose(1, 2), keys, values, mask, bias)


class LegacyRelPositionMultiHeadedAttention(RelPositionMultiHeadedAttention):
    """Self-attention with relative positions, the ``legacy`` form.

    Args:
        n_head: Number of heads H.
        n_feat: Model size D.
        dropout_rate: Dropout on the attention weights.
    """

    def __init__(self, n_head: int, n_feat: int, dropout_rate: float) -> None:
        super().__init__(n_head, n_feat, dropout_rate)

    def _positional_scores(self, query: Tensor, positions: Tensor) -> Tensor:
        zero_first = torch.nn.functional.pad(positions, (0, 0, 1, 0))  # a zero position gives the column of zeros
        return legacy_rel_shift(query @ zero_first.transpose(-2, -1))

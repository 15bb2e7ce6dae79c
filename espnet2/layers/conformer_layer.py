"""One layer of a Conformer encoder.

Gulati et al., "Conformer", 2020, https://arxiv.org/abs/2005.08100, section 2.
"""
# Shapes: B batch, T frames, R distances, D model size
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from espnet2.layers.chunk_cache import ChunkCache
from espnet2.layers.dropout import Dropout
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.transformer_layer import skip_layer


class ConformerLayer(torch.nn.Module):
    """Half a feed-forward network, self-attention, convolution, the other half, and a final normalisation.

    Args:
        size: Model size D.
        self_attn: Attention, with or without relative positions.
        feed_forward: Position-wise network.
        feed_forward_macaron: The first half; with it both halves count half. None for one whole network at the end.
        conv_module: Convolution; None for none (then there is no final normalisation either).
        dropout_rate: Dropout on each branch.
        normalize_before: Normalise the input of each branch; else the sum after it.
        concat_after: Join input and output of the attention by a linear map, without dropout.
        stochastic_depth_rate: Probability of leaving the layer out in training; the branches of a layer that stays are
            scaled up accordingly.
        norm_names: Names of the normalisations of the attention and of the last feed-forward network, as checkpoints
            have them.
    """

    def __init__(
        self,
        size: int,
        self_attn: torch.nn.Module,
        feed_forward: torch.nn.Module,
        feed_forward_macaron: torch.nn.Module | None,
        conv_module: torch.nn.Module | None,
        dropout_rate: float,
        normalize_before: bool = True,
        concat_after: bool = False,
        stochastic_depth_rate: float = 0.0,
        norm_names: tuple[str, str] = ("norm_mha", "norm_ff"),
    ) -> None:
        super().__init__()
        self.self_attn = self_attn
        self.feed_forward = feed_forward
        self.norm_names = norm_names
        for name in norm_names:
            self.add_module(name, LayerNorm(size))
        self.feed_forward_macaron = feed_forward_macaron
        if feed_forward_macaron is not None:
            self.norm_ff_macaron = LayerNorm(size)
        self.ff_scale = 1.0 if feed_forward_macaron is None else 0.5
        self.conv_module = conv_module
        if conv_module is not None:
            self.norm_conv = LayerNorm(size)
            self.norm_final = LayerNorm(size)
        self.dropout = Dropout(dropout_rate)
        self.normalize_before = normalize_before
        self.concat_linear = torch.nn.Linear(2 * size, size) if concat_after else None
        self.stochastic_depth_rate = stochastic_depth_rate

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        pos_emb: Tensor | None = None,
        cache: ChunkCache | None = None,
        pad_mask: Tensor | None = None,
    ) -> Tensor:
        """Apply the layer.

        Args:
            x: Frames.
            mask: True where a frame may look; None when it may look everywhere.
            pos_emb: Relative positions, if the attention has such.
            cache: What the layer keeps of the frames before, when the utterance comes chunk by chunk; is updated.
            pad_mask: True where the convolutions are to see zeros, as beyond the ends.

        Shapes:
            x (B, T, D), mask (B, 1, T) or (B, T, T), pos_emb (1, R, D), pad_mask (B, T) -> (B, T, D)
        """
        if skip_layer(self, self.stochastic_depth_rate):
            return x
        scale = 1.0 / (1.0 - self.stochastic_depth_rate) if self.training else 1.0
        norm_mha, norm_ff = (getattr(self, name) for name in self.norm_names)
        ff_scale = scale * self.ff_scale
        if self.feed_forward_macaron is not None:
            x = self._branch(x, self.norm_ff_macaron, self._dropped(self.feed_forward_macaron, pad_mask), ff_scale)
        x = self._branch(x, norm_mha, lambda y: self._attend(y, mask, pos_emb, cache), scale)
        if self.conv_module is not None:
            x = self._branch(x, self.norm_conv, lambda y: self._convolve(y, cache, pad_mask), scale)
        x = self._branch(x, norm_ff, self._dropped(self.feed_forward, pad_mask), ff_scale)
        return x if self.conv_module is None else self.norm_final(x)

    def _branch(self, x: Tensor, norm: torch.nn.Module, part: Callable[[Tensor], Tensor], scale: float) -> Tensor:
        """Add a branch to the residual path."""
        y = torch.add(x, part(norm(x) if self.normalize_before else x), alpha=scale)
        return y if self.normalize_before else norm(y)

    def _dropped(self, part: torch.nn.Module, pad_mask: Tensor | None) -> Callable[[Tensor], Tensor]:
        return lambda y: self.dropout(part(y) if pad_mask is None else part(y, pad_mask))

    def _convolve(self, y: Tensor, cache: ChunkCache | None, pad_mask: Tensor | None) -> Tensor:
        module: Any = self.conv_module
        return self._dropped(module, pad_mask)(y) if cache is None else self.dropout(cache.convolve(module, y))

    def _attend(self, y: Tensor, mask: Tensor | None, pos_emb: Tensor | None, cache: ChunkCache | None) -> Tensor:
        attention: Any = self.self_attn
        if cache is not None:
            attended = cache.attend(attention, y, mask, pos_emb)
        else:
            attended = attention(y, y, y, mask) if pos_emb is None else attention(y, y, y, pos_emb, mask)
        if self.concat_linear is None:
            return self.dropout(attended)
        return self.concat_linear(torch.cat([y, attended], dim=-1))

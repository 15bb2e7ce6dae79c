"""The decoder of a synthesising Transformer: frames after frames, each looking at the earlier ones and at the text.

Li et al., "Neural Speech Synthesis with Transformer Network", 2019, https://arxiv.org/abs/1809.08895.
"""

# Shapes: B batch, S steps, N tokens, F features, D model size, H heads, d_k = D / H
from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.decoder_layer import DecoderLayer
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.layers.growing_tensor import GrowingTensor
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import causal_mask, make_attention_mask
from espnet2.tts.parts.prenet import PrenetInput
from espnet2.tts.parts.randomness import StepDropout

# (kind, number of the layer) -> attention
MakeAttention = Callable[[str, int], MultiHeadedAttention]
KeysValues = tuple[Tensor, Tensor]  # (B, H, N, d_k), (B, H, N, d_k)


class DecoderState(NamedTuple):
    """What a step leaves to the next."""

    source: list[KeysValues]  # of each layer, the text's
    cache: list[tuple[GrowingTensor, GrowingTensor]]  # of each layer, keys and values of the steps so far
    num_steps: int
    source_mask: Tensor | None = None  # (B, 1, N) True on tokens; None without padding

    def keep(self, rows: Tensor) -> "DecoderState":
        """Some of the utterances: rows (B',)."""
        source = [(keys[rows], values[rows]) for keys, values in self.source]
        cache = [(GrowingTensor(keys.values[rows], 2), GrowingTensor(values.values[rows], 2)) for keys, values in self.cache]
        mask = None if self.source_mask is None else self.source_mask[rows]
        return DecoderState(source, cache, self.num_steps, mask)


class Decoder(torch.nn.Module):
    """Steps of frames to vectors.

    Args:
        embed: From features to the model's size, positions last.
        make_attention: Makes the attentions, see ``GuidedAttentions.make`` for the kinds.
        size: D.
        linear_units: Hidden units of the feed-forward networks.
        num_blocks: Layers.
        dropout_rate: Dropout on each branch.
        normalize_before: Normalise before each branch; else after it.
        concat_after: Join input and output of each attention by a linear map.
    """

    def __init__(
        self,
        embed: torch.nn.Sequential,
        make_attention: MakeAttention,
        size: int,
        linear_units: int,
        num_blocks: int,
        dropout_rate: float,
        normalize_before: bool,
        concat_after: bool,
    ) -> None:
        super().__init__()
        self.embed = embed
        self.decoders = torch.nn.ModuleList(
            DecoderLayer(
                size,
                make_attention("decoder", number),
                make_attention("encoder-decoder", number),
                PositionwiseFeedForward(size, linear_units, dropout_rate),
                dropout_rate,
                normalize_before,
                concat_after,
            )
            for number in range(num_blocks)
        )
        self.after_norm = LayerNorm(size) if normalize_before else torch.nn.Identity()

    @property
    def layers(self) -> list[DecoderLayer]:
        """The layers in order."""
        return cast(list[DecoderLayer], list(self.decoders))

    def forward(self, hs: Tensor, hlens: Tensor, ys: Tensor, ylens: Tensor, seen: list[Tensor] | None = None) -> Tensor:
        """Read whole utterances.

        Args:
            hs: Encoded text.
            hlens: Its tokens.
            ys: What each step looks at.
            ylens: Steps.
            seen: If not None, where each layer looks in the text is appended, (B, H, S, N).

        Shapes:
            hs (B, N, D), hlens (B,), ys (B, S, F), ylens (B,) -> (B, S, D)
        """
        source_mask = make_attention_mask(hlens, hs.size(1))  # (B, 1, N)
        mask = make_attention_mask(ylens, ys.size(1)) & causal_mask(ys.size(1), ys.device)  # (B, S, S)
        x = self.embed(ys)
        for layer in self.layers:

            def look_back(y: Tensor, layer: DecoderLayer = layer) -> Tensor:
                return layer.self_attn(y, y, y, mask)

            def look_at_source(y: Tensor, layer: DecoderLayer = layer) -> Tensor:
                if seen is not None:
                    keys, _ = layer.src_attn.project_key_value(hs, hs)
                    seen.append(layer.src_attn.weights(layer.src_attn.project_query(y), keys, source_mask))
                return layer.src_attn(y, hs, hs, source_mask)

            x = layer(x, look_back, look_at_source)
        return self.after_norm(x)

    def start(self, hs: Tensor, hlens: Tensor | None = None) -> DecoderState:
        """Compute what depends on the text alone.

        Args:
            hs: Encoded text.
            hlens: Its tokens; None for all.

        Shapes:
            hs (B, N, D), hlens (B,)
        """
        source = [layer.src_attn.project_key_value(hs, hs) for layer in self.layers]
        nothing = [(keys[:, :, :0], values[:, :, :0]) for keys, values in source]
        cache = [(GrowingTensor(keys, 2), GrowingTensor(values, 2)) for keys, values in nothing]
        mask = None
        if hlens is not None and int(hlens.min()) < hs.size(1):
            mask = make_attention_mask(hlens, hs.size(1))
        return DecoderState(source, cache, 0, mask)

    def step(
        self, last: Tensor, state: DecoderState, dropout: StepDropout | None = None
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """Read one step more.

        Args:
            last: What it looks at.
            state: What the step before has left.
            dropout: Of the prenet; None: drawn there.
        Returns:
            The step's vectors, where the layers look in the text, and what the step leaves.

        Shapes:
            last (B, F) -> (B, D), (B, layers, H, N)
        """
        first = self.embed[0]
        seen = first(last, dropout) if isinstance(first, PrenetInput) else self.embed[:-1](last)
        x = self.embed[-1](seen.unsqueeze(1), offset=state.num_steps)  # (B, 1, D)
        cache, weights = [], []
        for layer, source, own in zip(self.layers, state.source, state.cache):
            x, own, attention = self._next(layer, x, source, own, state.source_mask)
            cache.append(own)
            weights.append(attention)
        state = state._replace(cache=cache, num_steps=state.num_steps + 1)
        return self.after_norm(x).squeeze(1), torch.cat(weights, 2).transpose(1, 2), state

    def _next(
        self,
        layer: DecoderLayer,
        x: Tensor,
        source: KeysValues,
        cache: tuple[GrowingTensor, GrowingTensor],
        source_mask: Tensor | None,
    ) -> tuple[Tensor, tuple[GrowingTensor, GrowingTensor], Tensor]:
        """Shapes: x (B, 1, D) -> (B, 1, D), the cache, (B, H, 1, N)."""
        weights: list[Tensor] = []
        self_attn = cast(MultiHeadedAttention, layer.self_attn)

        def look_back(y: Tensor) -> Tensor:
            nonlocal cache
            query, key, value = self_attn.project_self(y)
            cache = cache[0].append(key), cache[1].append(value)
            return self_attn.attend(query, cache[0].values, cache[1].values, None)

        def look_at_source(y: Tensor) -> Tensor:
            query = layer.src_attn.project_query(y)
            weights.append(layer.src_attn.weights(query, source[0], source_mask))
            return layer.src_attn.attend(query, *source, source_mask)

        return layer(x, look_back, look_at_source), cache, weights[0]

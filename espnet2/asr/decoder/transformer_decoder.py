"""Transformer decoder.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.

For the beam search it is a scorer: the encoder's keys and values are projected once per utterance and shared by its
hypotheses, and each step computes the last token only, over the keys and values kept of the earlier ones.
"""
# Shapes: B batch, T frames, L labels, D model size, V vocabulary
# In the search: U utterances, K hypotheses of each, H heads, d_k = D / H
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.dropout import Dropout
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.layers.key_value_cache import KeyValueCache
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import causal_mask, make_attention_mask
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.search.scorer import Scorer, rows_of, rows_of_utterances
from espnet2.utils.errors import InputError


class DecoderLayer(torch.nn.Module):
    """Self-attention, attention to the encoder's output and a feed-forward network, each with a residual connection.

    Args:
        size: Model size D.
        self_attn: Attention among the labels.
        src_attn: Attention to the encoder's output.
        feed_forward: The network.
        dropout_rate: Dropout on each branch.
        normalize_before: Normalise the branch's input rather than the sum.
        concat_after: Join input and attention by a linear layer instead of adding them.
    """

    def __init__(
        self,
        size: int,
        self_attn: MultiHeadedAttention,
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


class DecoderState(NamedTuple):
    """What the decoder keeps of its hypotheses."""

    cache: KeyValueCache  # self-attention of U * K hypotheses
    source: Tensor  # (layers, 2, U, H, T, d_k)  projected keys and values of the encoder's output
    source_mask: Tensor | None  # (U, 1, T)  None when no utterance is padded
    num_hypotheses: int  # K


class TransformerDecoder(AbsDecoder, Scorer):
    """Labels to logits of the next label, given the encoder's output.

    Args:
        vocab_size: V.
        encoder_output_size: D; the decoder is as wide as the encoder.
        attention_heads: Heads of both attentions.
        linear_units: Hidden units of the feed-forward networks.
        num_blocks: Layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout after the positional encoding.
        self_attention_dropout_rate: Dropout on self-attention weights.
        src_attention_dropout_rate: Dropout on source attention weights.
        input_layer: ``embed`` for ids, ``linear`` for vectors of size V.
        use_output_layer: Whether to project to the vocabulary.
        normalize_before: Pre-norm (and one norm after the stack) rather than post-norm.
        concat_after: See ``DecoderLayer``.
        layer_drop_rate: Accepted as in published configurations, where it has no effect.
        qk_norm: Normalise queries and keys per head.
        use_flash_attn: Accepted; the fused kernel is used wherever there is one.
        gradient_checkpoint_layers: Layers that recompute their activations in the backward pass.

    Raises:
        InputError: If ``input_layer`` is unknown.
    """

    def __init__(
        self,
        vocab_size: int,
        encoder_output_size: int,
        attention_heads: int = 4,
        linear_units: int = 2048,
        num_blocks: int = 6,
        dropout_rate: float = 0.1,
        positional_dropout_rate: float = 0.1,
        self_attention_dropout_rate: float = 0.0,
        src_attention_dropout_rate: float = 0.0,
        input_layer: str = "embed",
        use_output_layer: bool = True,
        normalize_before: bool = True,
        concat_after: bool = False,
        layer_drop_rate: float = 0.0,
        qk_norm: bool = False,
        use_flash_attn: bool = True,
        gradient_checkpoint_layers: Sequence[int] = (),
    ):
        super().__init__()
        size = encoder_output_size
        pos_enc = PositionalEncoding(size, positional_dropout_rate)
        if input_layer == "embed":
            self.embed = torch.nn.Sequential(torch.nn.Embedding(vocab_size, size), pos_enc)
        elif input_layer == "linear":
            self.embed = torch.nn.Sequential(
                torch.nn.Linear(vocab_size, size),
                torch.nn.LayerNorm(size),
                Dropout(dropout_rate),
                torch.nn.ReLU(),
                pos_enc,
            )
        else:
            raise InputError(f"decoder_conf: input_layer must be embed or linear, not {input_layer!r}.")
        self.decoders = torch.nn.ModuleList(
            DecoderLayer(
                size,
                MultiHeadedAttention(attention_heads, size, self_attention_dropout_rate, qk_norm),
                MultiHeadedAttention(attention_heads, size, src_attention_dropout_rate, qk_norm),
                PositionwiseFeedForward(size, linear_units, dropout_rate),
                dropout_rate,
                normalize_before,
                concat_after,
            )
            for _ in range(num_blocks)
        )
        self.after_norm = LayerNorm(size) if normalize_before else None
        self.output_layer = torch.nn.Linear(size, vocab_size) if use_output_layer else None
        self.gradient_checkpoint_layers = frozenset(gradient_checkpoint_layers)

    def _layers(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.decoders))

    def forward(
        self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor, ys_in_lens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score whole label sequences, each label seeing the earlier ones only.

        Shapes:
            hs_pad (B, T, D), hlens (B,), ys_in_pad (B, L), ys_in_lens (B,) -> (B, L, V), (B,)
        """
        source_mask = make_attention_mask(hlens, hs_pad.size(1)).to(hs_pad.device)  # (B, 1, T)
        num_labels = ys_in_pad.size(1)
        mask = make_attention_mask(ys_in_lens, num_labels).to(hs_pad.device) & causal_mask(num_labels, hs_pad.device)
        x = self.embed(ys_in_pad)
        for number, layer in enumerate(self._layers()):
            if self.training and number in self.gradient_checkpoint_layers:
                x = checkpoint(self._whole, layer, x, mask, hs_pad, source_mask, use_reentrant=False)
            else:
                x = self._whole(layer, x, mask, hs_pad, source_mask)
        return self._output(x), ys_in_lens

    @staticmethod
    def _whole(layer: DecoderLayer, x: Tensor, mask: Tensor, hs_pad: Tensor, source_mask: Tensor) -> Tensor:
        return layer(
            x,
            lambda y: layer.self_attn(y, y, y, mask),
            lambda y: layer.src_attn(y, hs_pad, hs_pad, source_mask),
        )

    def _output(self, x: Tensor) -> Tensor:
        if self.after_norm is not None:
            x = self.after_norm(x)
        return x if self.output_layer is None else self.output_layer(x)

    def start(self, encoded: Tensor, lengths: Tensor) -> DecoderState:
        """Project the encoder's output for all layers.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        layers = self._layers()
        attention = layers[0].self_attn
        source = [layer.src_attn.project_key_value(encoded, encoded) for layer in layers]
        is_padded = bool((lengths < encoded.size(1)).any())
        return DecoderState(
            cache=KeyValueCache(len(layers), len(encoded), attention.h, attention.d_k, encoded),
            source=torch.stack([torch.stack(pair) for pair in source]),
            source_mask=make_attention_mask(lengths, encoded.size(1)).to(encoded.device) if is_padded else None,
            num_hypotheses=1,
        )

    def score(
        self, prefixes: Tensor, state: DecoderState, candidates: Tensor | None = None
    ) -> tuple[Tensor, DecoderState]:
        """Log-probabilities of what follows the prefixes; computes their last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        by_utterance = prefixes.shape[:2]
        cache = state.cache
        cache.advance()
        last = prefixes[:, :, -1:].flatten(0, 1)  # (U * K, 1)
        x = self.embed[-1](self.embed[:-1](last), offset=prefixes.size(2) - 1)  # (U * K, 1, D)
        for number, layer in enumerate(self._layers()):

            def look_back(y: Tensor, layer: DecoderLayer = layer, number: int = number) -> Tensor:
                keys, values = cache.put(number, *layer.self_attn.project_key_value(y, y))
                return layer.self_attn.attend(layer.self_attn.project_query(y), keys, values, None)

            def look_at_source(y: Tensor, layer: DecoderLayer = layer, number: int = number) -> Tensor:
                # the hypotheses of an utterance are so many queries to the one source: (U, K, D)
                query = layer.src_attn.project_query(y.view(*by_utterance, -1))
                keys, values = state.source[number]
                return layer.src_attn.attend(query, keys, values, state.source_mask).view_as(y)

            x = layer(x, look_back, look_at_source)
        return self._output(x).view(*by_utterance, -1).log_softmax(-1), state

    def select(self, state: DecoderState, parents: Tensor, tokens: Tensor) -> DecoderState:
        """The survivors' keys and values.

        Shapes:
            parents (U, K')
        """
        cache = state.cache.take(rows_of(parents, state.num_hypotheses))
        return state._replace(cache=cache, num_hypotheses=parents.size(1))

    def keep(self, state: DecoderState, utterances: Tensor) -> DecoderState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        rows = rows_of_utterances(utterances, state.num_hypotheses)
        mask = None if state.source_mask is None else state.source_mask.index_select(0, utterances)
        return state._replace(
            cache=state.cache.take(rows), source=state.source.index_select(2, utterances), source_mask=mask
        )

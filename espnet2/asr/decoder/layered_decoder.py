"""What all decoders of the Transformer's family share: embedding, stack of layers, output.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.
"""
# Shapes: B batch, T frames, L labels, D model size, V vocabulary
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.decoder_layer import DecoderLayer
from espnet2.layers.dropout import Dropout
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import causal_mask, make_attention_mask
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.utils.errors import InputError


class LayeredDecoder(AbsDecoder):
    """Labels to logits, given the encoder's output; each label sees itself and the earlier ones.

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

    Attributes:
        extra_tokens: How many tokens the decoder has beyond the vocabulary, after its last one.

    Raises:
        InputError: If ``input_layer`` is unknown.
    """

    extra_tokens = 0

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
        size, num_tokens = encoder_output_size, vocab_size + self.extra_tokens
        pos_enc = PositionalEncoding(size, positional_dropout_rate)
        if input_layer == "embed":
            self.embed = torch.nn.Sequential(torch.nn.Embedding(num_tokens, size), pos_enc)
        elif input_layer == "linear":
            self.embed = torch.nn.Sequential(
                torch.nn.Linear(num_tokens, size),
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
        self.output_layer = torch.nn.Linear(size, num_tokens) if use_output_layer else None
        self.gradient_checkpoint_layers = frozenset(gradient_checkpoint_layers)

    def forward(
        self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor, ys_in_lens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score whole label sequences.

        Shapes:
            hs_pad (B, T, D), hlens (B,), ys_in_pad (B, L), ys_in_lens (B,) -> (B, L, V), (B,)
        """
        source_mask = make_attention_mask(hlens, hs_pad.size(1)).to(hs_pad.device)  # (B, 1, T)
        mask = self._label_mask(ys_in_lens, ys_in_pad.size(1)).to(hs_pad.device)
        x = self.embed(ys_in_pad)
        for number, layer in enumerate(self._layers()):
            if self.training and number in self.gradient_checkpoint_layers:
                x = checkpoint(self._whole, layer, x, mask, hs_pad, source_mask, use_reentrant=False)
            else:
                x = self._whole(layer, x, mask, hs_pad, source_mask)
        return self._output(x), ys_in_lens

    def _layers(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.decoders))

    def _label_mask(self, lengths: Tensor, num_labels: int) -> Tensor:
        """Where each label may look: lengths (B,) -> (B, L, L)."""
        return make_attention_mask(lengths, num_labels) & causal_mask(num_labels, lengths.device)

    def _whole(self, layer: DecoderLayer, x: Tensor, mask: Tensor, hs_pad: Tensor, source_mask: Tensor) -> Tensor:
        return layer(
            x,
            lambda y: self._look_back(layer, y, mask),
            lambda y: layer.src_attn(y, hs_pad, hs_pad, source_mask),
        )

    def _look_back(self, layer: DecoderLayer, y: Tensor, mask: Tensor) -> Tensor:
        """A layer's self-attention over whole sequences: y (B, L, D) -> (B, L, D)."""
        return layer.self_attn(y, y, y, mask)

    def _output(self, x: Tensor) -> Tensor:
        if self.after_norm is not None:
            x = self.after_norm(x)
        return x if self.output_layer is None else self.output_layer(x)

"""Stacks of Transformer and Conformer layers, as the encoders and decoders of synthesisers.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762; Gulati et al., "Conformer", 2020,
https://arxiv.org/abs/2005.08100.
"""
# Shapes: B batch, T tokens or frames, R distances, D model size
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from espnet2.layers.activation import get_activation
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.attention_choice import AttentionChoice
from espnet2.layers.conformer_layer import ConformerLayer
from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.feed_forward import build_feed_forward
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import make_attention_mask, make_pad_mask
from espnet2.layers.positional_encoding import (
    ConvolutionalPositionalEmbedding,
    PositionalEncoding,
    ScaledPositionalEncoding,
)
from espnet2.layers.relative_attention import LegacyRelPositionalEncoding
from espnet2.layers.transformer_layer import TransformerLayer
from espnet2.tts.parts.prenet import TextInput

# Positions that are not the same in a longer, padded input.
LENGTH_DEPENDENT = (LegacyRelPositionalEncoding, ConvolutionalPositionalEmbedding)

# Names of old checkpoints.
OLD_NAMES = {"input_layer.": "embed.", "norm.": "after_norm.", "output_norm.": "after_norm."}


@dataclass
class StackOptions:
    """What a stack of layers is made of.

    Args:
        size: Model size D.
        attention_heads: Heads of each attention.
        linear_units: Hidden size of the feed-forward networks.
        num_blocks: Number of layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout after the positions.
        attention_dropout_rate: Dropout on attention weights.
        normalize_before: Normalise before each branch; else after it.
        concat_after: Join input and output of each attention by a linear map.
        positionwise_layer_type: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
    """

    size: int
    attention_heads: int
    linear_units: int
    num_blocks: int
    dropout_rate: float = 0.1
    positional_dropout_rate: float = 0.1
    attention_dropout_rate: float = 0.1
    normalize_before: bool = True
    concat_after: bool = False
    positionwise_layer_type: str = "conv1d"
    positionwise_conv_kernel_size: int = 1

    def make_feed_forward(self, activation: torch.nn.Module) -> torch.nn.Module:
        """The feed-forward network of one layer; the convolutional kinds use ReLU."""
        return build_feed_forward(
            self.positionwise_layer_type,
            self.size,
            self.linear_units,
            self.positionwise_conv_kernel_size,
            self.dropout_rate,
            activation,
        )


@dataclass
class ConformerOptions:
    """What a stack of Conformer layers is made of besides.

    Args:
        kernel_size: Taps of the depthwise convolutions (odd).
        rel_pos_type: ``legacy`` or ``latest``, see ``espnet2.layers.attention_choice``.
        pos_enc_layer_type: Positional encoding.
        self_attn_layer_type: ``selfattn``, ``rel_selfattn`` or ``legacy_rel_selfattn``.
        activation_type: Activation of the convolution modules and of linear feed-forward networks.
        use_macaron_style: Half a feed-forward network before and half one after, instead of one after.
        use_cnn_module: Have convolution modules.
        zero_triu: Give no positional score to frames on the right (``latest`` only).
    """

    kernel_size: int
    rel_pos_type: str = "legacy"
    pos_enc_layer_type: str = "rel_pos"
    self_attn_layer_type: str = "rel_selfattn"
    activation_type: str = "swish"
    use_macaron_style: bool = True
    use_cnn_module: bool = True
    zero_triu: bool = False


class TokenEncoder(torch.nn.Module):
    """Input layer, positions, layers, final normalisation.

    Args:
        input_layer: What comes before the positions, such as an embedding; None for nothing.
        positions: Positional encoding.
        layers: The layers in order.
        size: Model size D.
        normalize_before: Whether the layers leave the normalisation of their output to the next one.
    """

    def __init__(
        self,
        input_layer: torch.nn.Module | None,
        positions: torch.nn.Module,
        layers: list[torch.nn.Module],
        size: int,
        normalize_before: bool,
    ) -> None:
        super().__init__()
        self.embed = torch.nn.Sequential(*([] if input_layer is None else [input_layer]), positions)
        self.encoders = torch.nn.ModuleList(layers)
        self.after_norm = LayerNorm(size) if normalize_before else torch.nn.Identity()

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        for old, new in OLD_NAMES.items():
            for key in [key for key in state_dict if key.startswith(prefix + old)]:
                state_dict[prefix + new + key.removeprefix(prefix + old)] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)

    @property
    def position_scale(self) -> torch.nn.Parameter | None:
        """The learned scale of the positions, if these have one."""
        positions = self.embed[-1]
        return positions.alpha if isinstance(positions, ScaledPositionalEncoding) else None

    def forward(self, xs: Tensor, lengths: Tensor | None = None, hide_padding: bool = False) -> Tensor:
        """Apply the stack.

        Args:
            xs: What the input layer takes; without one, vectors.
            lengths: Valid frames of each row; None for all.
            hide_padding: Let the convolutions too see nothing of the padding, so that a row comes out of a batch as it
                does alone. Models are trained without.

        Shapes:
            xs (B, T) or (B, T, D), lengths (B,) -> (B, T, D)
        """
        if lengths is None:
            return self._run(xs, None, None)
        mask, pad_mask = make_attention_mask(lengths, xs.size(1)), make_pad_mask(lengths, xs.size(1))
        if not hide_padding:
            return self._run(xs, mask, None)
        if isinstance(self.embed[-1], LENGTH_DEPENDENT):
            return self._one_by_one(xs, lengths)
        return self._run(xs, mask, pad_mask if pad_mask.any() else None)

    def _run(self, xs: Tensor, mask: Tensor | None, pad_mask: Tensor | None) -> Tensor:
        x: Any = self.embed[1:](self.embed[0](xs, pad_mask)) if isinstance(self.embed[0], TextInput) else self.embed(xs)
        pos_emb = None
        if isinstance(x, tuple):
            x, pos_emb = x
        for layer in self.encoders:
            if isinstance(layer, ConformerLayer):
                x = layer(x, mask, pos_emb, pad_mask=pad_mask)
            else:
                x = layer(x, mask, pad_mask)
        return self.after_norm(x)

    def _one_by_one(self, xs: Tensor, lengths: Tensor) -> Tensor:
        rows = [self._run(row[None, :length], None, None)[0] for row, length in zip(xs, lengths.tolist())]
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # (B, max(lengths), D)
        return torch.nn.functional.pad(padded, (0, 0, 0, xs.size(1) - padded.size(1)))


def transformer_stack(input_layer: torch.nn.Module | None, options: StackOptions, scaled: bool) -> TokenEncoder:
    """A stack of Transformer layers.

    Args:
        input_layer: What comes before the positions.
        options: The layers.
        scaled: Learn the scale of the positions.
    """
    positions = (ScaledPositionalEncoding if scaled else PositionalEncoding)(options.size, options.positional_dropout_rate)
    layers: list[torch.nn.Module] = [
        TransformerLayer(
            options.size,
            MultiHeadedAttention(options.attention_heads, options.size, options.attention_dropout_rate),
            options.make_feed_forward(torch.nn.ReLU()),
            options.dropout_rate,
            options.normalize_before,
            options.concat_after,
        )
        for _ in range(options.num_blocks)
    ]
    return TokenEncoder(input_layer, positions, layers, options.size, options.normalize_before)


def conformer_stack(
    input_layer: torch.nn.Module | None, options: StackOptions, conformer: ConformerOptions
) -> TokenEncoder:
    """A stack of Conformer layers.

    Args:
        input_layer: What comes before the positions.
        options: The layers.
        conformer: What is the Conformer's own.

    Raises:
        InputError: If an option has an unknown value, or options do not fit together.
    """
    choice = AttentionChoice(
        options.size,
        options.attention_heads,
        options.positional_dropout_rate,
        options.attention_dropout_rate,
        conformer.rel_pos_type,
        conformer.pos_enc_layer_type,
        conformer.self_attn_layer_type,
        conformer.zero_triu,
        option="self_attn_layer_type",
        conf="tts_conf",
    )

    def activation() -> torch.nn.Module:
        return get_activation(conformer.activation_type)

    layers: list[torch.nn.Module] = [
        ConformerLayer(
            options.size,
            choice.make_attention(),
            options.make_feed_forward(activation()),
            options.make_feed_forward(activation()) if conformer.use_macaron_style else None,
            ConvolutionModule(options.size, conformer.kernel_size, activation()) if conformer.use_cnn_module else None,
            options.dropout_rate,
            options.normalize_before,
            options.concat_after,
        )
        for _ in range(options.num_blocks)
    ]
    return TokenEncoder(input_layer, choice.make_positions(), layers, options.size, options.normalize_before)

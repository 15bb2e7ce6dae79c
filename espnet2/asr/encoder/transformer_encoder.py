"""Transformer encoder.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762;
Karita et al., "A Comparative Study on Transformer vs RNN in Speech Applications", 2019, https://arxiv.org/abs/1909.06317.
"""
# Shapes: B batch, T frames, S frames after subsampling, F features, D model size
from collections.abc import Sequence

import torch

from espnet2.asr.encoder.layered_encoder import LayeredEncoder
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.attention_choice import choose
from espnet2.layers.feed_forward import build_feed_forward
from espnet2.layers.input_layer import build_input_layer, build_projection
from espnet2.layers.positional_encoding import ConvolutionalPositionalEmbedding, PositionalEncoding
from espnet2.layers.transformer_layer import TransformerLayer

INPUT_LAYERS = ("linear", "conv1d2", "conv2d", "conv2d1", "conv2d2", "conv2d6", "conv2d8", "embed", "wav2vec")


class TransformerEncoder(LayeredEncoder):
    """Transformer encoder.

    Args:
        input_size: Features F.
        output_size: Model size D.
        attention_heads: Heads of each attention.
        linear_units: Hidden size of the feed-forward networks.
        num_blocks: Number of layers.
        dropout_rate: Dropout on each branch, and on the positions that follow two-dimensional convolutions.
        positional_dropout_rate: Dropout on the positions after the other input layers.
        attention_dropout_rate: Dropout on attention weights.
        input_layer: One of ``INPUT_LAYERS``, or None: then features go in without positions, as they are or (if F is
            not D) through a linear map.
        pos_enc_layer_type: ``abs_pos`` or ``conv``.
        normalize_before: Normalise before each branch; else after it.
        concat_after: Join input and output of each attention by a linear map.
        positionwise_layer_type: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        interctc_layer_idx: Layers, counted from 1, with a CTC loss of their own.
        interctc_use_conditioning: Condition the following layers on what these predict.
        layer_drop_rate: Accepted and without effect.
        qk_norm: Normalise queries and keys per head.
        use_flash_attn: Accepted; torch chooses the fastest kernel by itself.

    Raises:
        InputError: If an option has an unknown value.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int = 256,
        attention_heads: int = 4,
        linear_units: int = 2048,
        num_blocks: int = 6,
        dropout_rate: float = 0.1,
        positional_dropout_rate: float = 0.1,
        attention_dropout_rate: float = 0.0,
        input_layer: str | None = "conv2d",
        pos_enc_layer_type: str = "abs_pos",
        normalize_before: bool = True,
        concat_after: bool = False,
        positionwise_layer_type: str = "linear",
        positionwise_conv_kernel_size: int = 1,
        padding_idx: int = -1,
        interctc_layer_idx: Sequence[int] = (),
        interctc_use_conditioning: bool = False,
        layer_drop_rate: float = 0.0,
        qk_norm: bool = False,
        use_flash_attn: bool = True,
    ) -> None:
        encodings = {"abs_pos": PositionalEncoding, "conv": ConvolutionalPositionalEmbedding}
        pos_enc = choose("pos_enc_layer_type", pos_enc_layer_type, encodings)
        embed: torch.nn.Module
        if input_layer is None:
            embed = build_projection(input_size, output_size)
        else:
            embed = build_input_layer(
                input_layer,
                INPUT_LAYERS,
                input_size,
                output_size,
                dropout_rate,
                pos_enc=lambda: pos_enc(output_size, positional_dropout_rate),
                conv_pos_enc=lambda: pos_enc(output_size, dropout_rate),
                padding_idx=padding_idx,
                linear_relu=True,
            )
        layers = [
            TransformerLayer(
                output_size,
                MultiHeadedAttention(attention_heads, output_size, attention_dropout_rate, qk_norm),
                build_feed_forward(
                    positionwise_layer_type,
                    output_size,
                    linear_units,
                    positionwise_conv_kernel_size,
                    dropout_rate,
                    torch.nn.ReLU(),
                ),
                dropout_rate,
                normalize_before,
                concat_after,
            )
            for _ in range(num_blocks)
        ]
        super().__init__(
            output_size,
            embed,
            layers,
            normalize_before,
            interctc_layer_idx,
            interctc_use_conditioning,
            layer_drop_rate,
        )

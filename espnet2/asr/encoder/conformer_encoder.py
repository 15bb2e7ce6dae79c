"""Conformer encoder.

Gulati et al., "Conformer: Convolution-augmented Transformer for Speech Recognition", 2020, https://arxiv.org/abs/2005.08100;
Guo et al., "Recent Developments on ESPnet Toolkit Boosted by Conformer", 2020, https://arxiv.org/abs/2010.13956.
"""
# Shapes: B batch, T frames, S frames after subsampling, F features, D model size
import logging
from collections.abc import Callable, Sequence

import torch

from espnet2.asr.encoder.layered_encoder import LayeredEncoder, choose, stochastic_depth_rates
from espnet2.layers.activation import get_activation
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.conformer_layer import ConformerLayer
from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.feed_forward import build_feed_forward
from espnet2.layers.input_layer import build_input_layer
from espnet2.layers.positional_encoding import (
    ConvolutionalPositionalEmbedding,
    PositionalEncoding,
    ScaledPositionalEncoding,
)
from espnet2.layers.relative_attention import (
    LegacyRelPositionalEncoding,
    LegacyRelPositionMultiHeadedAttention,
    RelPositionalEncoding,
    RelPositionMultiHeadedAttention,
)
from espnet2.utils.errors import InputError

INPUT_LAYERS = ("linear", "conv2d", "conv2d1", "conv2d2", "conv2d6", "conv2d8", "embed")

POSITIONAL_ENCODINGS: dict[str, Callable] = {
    "abs_pos": PositionalEncoding,
    "scaled_abs_pos": ScaledPositionalEncoding,
    "conv": ConvolutionalPositionalEmbedding,
    "rel_pos": RelPositionalEncoding,
    "legacy_rel_pos": LegacyRelPositionalEncoding,
}
ATTENTIONS: dict[str, Callable] = {
    "selfattn": MultiHeadedAttention,
    "rel_selfattn": RelPositionMultiHeadedAttention,
    "legacy_rel_selfattn": LegacyRelPositionMultiHeadedAttention,
}


def resolve_relative_positions(rel_pos_type: str, pos_enc: str, selfattention: str) -> tuple[str, str]:
    """Apply ``rel_pos_type`` to the names of positional encoding and attention.

    ``legacy`` turns both relative names into the legacy ones; configurations from before the option say nothing and
    mean it. ``latest`` means the names as they stand and knows no legacy ones.

    Returns:
        The names to look up.

    Raises:
        InputError: If the three do not fit together.
    """
    if rel_pos_type == "legacy":
        pos_enc = "legacy_rel_pos" if pos_enc == "rel_pos" else pos_enc
        selfattention = "legacy_rel_selfattn" if selfattention == "rel_selfattn" else selfattention
        if pos_enc == "legacy_rel_pos":
            logging.info("encoder_conf: rel_pos_type legacy is for models of old releases; prefer latest for new ones")
    elif rel_pos_type != "latest":
        raise InputError(f"encoder_conf: unknown rel_pos_type '{rel_pos_type}'; choose legacy or latest")
    elif pos_enc == "legacy_rel_pos" or selfattention == "legacy_rel_selfattn":
        raise InputError("encoder_conf: legacy positions need rel_pos_type: legacy")
    wanted = {"rel_pos": "rel_selfattn", "legacy_rel_pos": "legacy_rel_selfattn"}.get(pos_enc, "selfattn")
    if selfattention in ATTENTIONS and pos_enc in POSITIONAL_ENCODINGS and selfattention != wanted:
        raise InputError(
            f"encoder_conf: pos_enc_layer_type {pos_enc} needs selfattention_layer_type {wanted}, not {selfattention}"
        )
    return pos_enc, selfattention


class ConformerEncoder(LayeredEncoder):
    """Conformer encoder.

    Args:
        input_size: Features F.
        output_size: Model size D.
        attention_heads: Heads of each attention.
        linear_units: Hidden size of the feed-forward networks.
        num_blocks: Number of layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout on the input of the first layer and on relative positions.
        attention_dropout_rate: Dropout on attention weights.
        input_layer: One of ``INPUT_LAYERS``, or None for the positional encoding alone.
        normalize_before: Normalise before each branch; else after it.
        concat_after: Join input and output of each attention by a linear map.
        positionwise_layer_type: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
        macaron_style: Half a feed-forward network before and half one after, instead of one after.
        rel_pos_type: ``legacy`` or ``latest``, see ``resolve_relative_positions``.
        pos_enc_layer_type: A key of ``POSITIONAL_ENCODINGS``.
        selfattention_layer_type: A key of ``ATTENTIONS``.
        activation_type: Activation of the linear feed-forward networks and of the convolution modules.
        use_cnn_module: Have convolution modules.
        zero_triu: Give no positional score to frames on the right (``latest`` only).
        cnn_module_kernel: Taps of the depthwise convolutions (odd).
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        interctc_layer_idx: Layers, counted from 1, with a CTC loss of their own.
        interctc_use_conditioning: Condition the following layers on what these predict.
        ctc_trim: Cut the blank frames off the end after these layers.
        stochastic_depth_rate: Probability of leaving a layer out in training, one for all or one for each.
        layer_drop_rate: Accepted and without effect.
        max_pos_emb_len: Positions tabled at first; with legacy positions it is part of the model.
        qk_norm: Normalise queries and keys per head (``selfattn`` only).
        use_flash_attn: Accepted; torch chooses the fastest kernel by itself.

    Raises:
        InputError: If an option has an unknown value, or options do not fit together.
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
        normalize_before: bool = True,
        concat_after: bool = False,
        positionwise_layer_type: str = "linear",
        positionwise_conv_kernel_size: int = 3,
        macaron_style: bool = False,
        rel_pos_type: str = "legacy",
        pos_enc_layer_type: str = "rel_pos",
        selfattention_layer_type: str = "rel_selfattn",
        activation_type: str = "swish",
        use_cnn_module: bool = True,
        zero_triu: bool = False,
        cnn_module_kernel: int = 31,
        padding_idx: int = -1,
        interctc_layer_idx: Sequence[int] = (),
        interctc_use_conditioning: bool = False,
        ctc_trim: bool = False,
        stochastic_depth_rate: float | Sequence[float] = 0.0,
        layer_drop_rate: float = 0.0,
        max_pos_emb_len: int = 5000,
        qk_norm: bool = False,
        use_flash_attn: bool = True,
    ) -> None:
        pos_enc_name, attention_name = resolve_relative_positions(
            rel_pos_type, pos_enc_layer_type, selfattention_layer_type
        )
        pos_enc = choose("pos_enc_layer_type", pos_enc_name, POSITIONAL_ENCODINGS)
        attention = choose("selfattention_layer_type", attention_name, ATTENTIONS)
        attention_options = {"selfattn": {"qk_norm": qk_norm}, "rel_selfattn": {"zero_triu": zero_triu}}
        embed = build_input_layer(
            input_layer,
            INPUT_LAYERS,
            input_size,
            output_size,
            dropout_rate,
            pos_enc=lambda: pos_enc(output_size, positional_dropout_rate, max_pos_emb_len),
            padding_idx=padding_idx,
        )

        def feed_forward() -> torch.nn.Module:
            return build_feed_forward(
                positionwise_layer_type,
                output_size,
                linear_units,
                positionwise_conv_kernel_size,
                dropout_rate,
                get_activation(activation_type),
            )

        layers = [
            ConformerLayer(
                output_size,
                attention(
                    attention_heads, output_size, attention_dropout_rate, **attention_options.get(attention_name, {})
                ),
                feed_forward(),
                feed_forward() if macaron_style else None,
                ConvolutionModule(output_size, cnn_module_kernel, get_activation(activation_type))
                if use_cnn_module
                else None,
                dropout_rate,
                normalize_before,
                concat_after,
                rate,
            )
            for rate in stochastic_depth_rates(stochastic_depth_rate, num_blocks)
        ]
        super().__init__(
            output_size,
            embed,
            layers,
            normalize_before,
            interctc_layer_idx,
            interctc_use_conditioning,
            layer_drop_rate,
            ctc_trim,
        )

"""Conformer encoder.

Gulati et al., "Conformer: Convolution-augmented Transformer for Speech Recognition", 2020, https://arxiv.org/abs/2005.08100;
Guo et al., "Recent Developments on ESPnet Toolkit Boosted by Conformer", 2020, https://arxiv.org/abs/2010.13956.
Trained with chunks (``chunked_encoder.py``) one model reads utterances whole and as they are spoken.
"""
# Shapes: B batch, T frames, S frames after subsampling, F features, D model size
from collections.abc import Sequence

import torch

from espnet2.asr.encoder.chunked_encoder import ChunkedEncoder, ChunkOptions
from espnet2.asr.encoder.layered_encoder import one_per_layer
from espnet2.layers.activation import get_activation
from espnet2.layers.attention_choice import AttentionChoice
from espnet2.layers.conformer_layer import ConformerLayer
from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.feed_forward import build_feed_forward
from espnet2.layers.input_layer import build_input_layer

INPUT_LAYERS = ("linear", "conv2d", "conv2d1", "conv2d2", "conv2d6", "conv2d8", "embed")


class ConformerEncoder(ChunkedEncoder):
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
        rel_pos_type: ``legacy`` or ``latest``, see ``attention_choice.resolve_relative_positions``.
        pos_enc_layer_type: A key of ``attention_choice.POSITIONAL_ENCODINGS``.
        selfattention_layer_type: ``selfattn``, ``rel_selfattn`` or ``legacy_rel_selfattn``.
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
        dynamic_chunk_training: Train with a chunk size drawn for each batch, so that the model can stream.
        static_chunk_size: Train with chunks of so many encoder frames instead; 0 for none.
        num_left_chunks: Chunks on the left that a chunk sees; -1 for all.
        use_dynamic_left_chunk: Draw their number for each batch.
        causal: Let the convolution modules see no later frames; None for yes if there are chunks.

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
        dynamic_chunk_training: bool = False,
        static_chunk_size: int = 0,
        num_left_chunks: int = -1,
        use_dynamic_left_chunk: bool = False,
        causal: bool | None = None,
    ) -> None:
        chunks = ChunkOptions(dynamic_chunk_training, static_chunk_size, num_left_chunks, use_dynamic_left_chunk)
        is_causal = chunks.has_chunks() if causal is None else causal
        choice = AttentionChoice(
            output_size,
            attention_heads,
            positional_dropout_rate,
            attention_dropout_rate,
            rel_pos_type,
            pos_enc_layer_type,
            selfattention_layer_type,
            zero_triu,
            qk_norm,
            max_pos_emb_len,
        )
        chunks.check(
            {
                "rel_pos_type: latest": choice.attention_layer_type != "legacy_rel_selfattn",
                "pos_enc_layer_type: rel_pos": pos_enc_layer_type != "conv",
                "positionwise_layer_type: linear": positionwise_layer_type == "linear",
                "causal: true": is_causal or not use_cnn_module,
                "interctc_use_conditioning: false": not interctc_use_conditioning,
                "ctc_trim: false": not ctc_trim,
            }
        )
        embed = build_input_layer(
            input_layer,
            INPUT_LAYERS,
            input_size,
            output_size,
            dropout_rate,
            pos_enc=choice.make_positions,
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
                choice.make_attention(),
                feed_forward(),
                feed_forward() if macaron_style else None,
                ConvolutionModule(output_size, cnn_module_kernel, get_activation(activation_type), is_causal)
                if use_cnn_module
                else None,
                dropout_rate,
                normalize_before,
                concat_after,
                rate,
            )
            for rate in one_per_layer("stochastic_depth_rate", stochastic_depth_rate, num_blocks)
        ]
        super().__init__(
            chunks,
            output_size=output_size,
            embed=embed,
            layers=layers,
            normalize_before=normalize_before,
            interctc_layer_idx=interctc_layer_idx,
            interctc_use_conditioning=interctc_use_conditioning,
            layer_drop_rate=layer_drop_rate,
            ctc_trim=ctc_trim,
        )

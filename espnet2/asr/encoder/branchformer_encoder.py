"""Branchformer encoder.

Peng et al., "Branchformer: Parallel MLP-Attention Architectures to Capture Local and Global Context for Speech
Recognition and Understanding", 2022, https://arxiv.org/abs/2207.02971.
"""
# Shapes: B batch, T frames, S frames after subsampling, F features, D model size
from collections.abc import Sequence
from functools import partial

import torch

from espnet2.asr.encoder.layered_encoder import LayeredEncoder, one_per_layer
from espnet2.layers.attention_choice import ATTENTIONS, AttentionChoice
from espnet2.layers.branchformer_layer import BranchformerLayer
from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.convolution import depthwise_conv
from espnet2.layers.input_layer import build_input_layer, build_projection

INPUT_LAYERS = ("linear", "conv2d", "conv2d1", "conv2d2", "conv2d6", "conv2d8", "embed")


class BranchformerEncoder(LayeredEncoder):
    """Branchformer encoder.

    Args:
        input_size: Features F.
        output_size: Model size D.
        use_attn: Have the branch of attention.
        attention_heads: Heads of each attention.
        attention_layer_type: ``selfattn``, ``rel_selfattn``, ``legacy_rel_selfattn`` or ``fast_selfattn``.
        pos_enc_layer_type: A key of ``attention_choice.POSITIONAL_ENCODINGS``; the relative ones go with the relative
            attentions alone.
        rel_pos_type: ``legacy`` or ``latest``, see ``attention_choice.resolve_relative_positions``.
        use_cgmlp: Have the branch of the convolutional gating perceptron.
        cgmlp_linear_units: Its hidden size (even).
        cgmlp_conv_kernel: Taps of its convolution (odd).
        use_linear_after_conv: Have a linear map between its convolution and gate.
        gate_activation: Activation of its gate, or ``identity``.
        merge_method: ``concat``, ``learned_ave`` or ``fixed_ave``, see ``BranchformerLayer``.
        cgmlp_weight: Weight of the perceptron in ``fixed_ave``, one for all layers or one for each.
        attn_branch_drop_rate: Probability of giving the attention no weight in training (``learned_ave`` only), one for
            all layers or one for each.
        num_blocks: Number of layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout on the input of the first layer and on relative positions.
        attention_dropout_rate: Dropout on attention weights.
        input_layer: One of ``INPUT_LAYERS``, or None: then features go in without positions, as they are or (if F is
            not D) through a linear map.
        zero_triu: Give no positional score to frames on the right (``rel_selfattn`` only).
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        stochastic_depth_rate: Probability of leaving a layer out in training, one for all or one for each.
        qk_norm: Normalise queries and keys per head (``selfattn`` only).
        use_flash_attn: Accepted; torch chooses the fastest kernel by itself.

    Raises:
        InputError: If an option has an unknown value, or options do not fit together.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int = 256,
        use_attn: bool = True,
        attention_heads: int = 4,
        attention_layer_type: str = "rel_selfattn",
        pos_enc_layer_type: str = "rel_pos",
        rel_pos_type: str = "latest",
        use_cgmlp: bool = True,
        cgmlp_linear_units: int = 2048,
        cgmlp_conv_kernel: int = 31,
        use_linear_after_conv: bool = False,
        gate_activation: str = "identity",
        merge_method: str = "concat",
        cgmlp_weight: float | Sequence[float] = 0.5,
        attn_branch_drop_rate: float | Sequence[float] = 0.0,
        num_blocks: int = 12,
        dropout_rate: float = 0.1,
        positional_dropout_rate: float = 0.1,
        attention_dropout_rate: float = 0.0,
        input_layer: str | None = "conv2d",
        zero_triu: bool = False,
        padding_idx: int = -1,
        stochastic_depth_rate: float | Sequence[float] = 0.0,
        qk_norm: bool = False,
        use_flash_attn: bool = True,
    ) -> None:
        choice = AttentionChoice(
            output_size,
            attention_heads,
            positional_dropout_rate,
            attention_dropout_rate,
            rel_pos_type,
            pos_enc_layer_type,
            attention_layer_type,
            zero_triu,
            qk_norm,
            attentions=tuple(ATTENTIONS),
            option="attention_layer_type",
        )
        embed: torch.nn.Module
        if input_layer is None:
            if use_attn:
                choice.require_none()
            embed = build_projection(input_size, output_size)
        else:
            embed = build_input_layer(
                input_layer,
                INPUT_LAYERS,
                input_size,
                output_size,
                dropout_rate,
                pos_enc=choice.make_positions,
                padding_idx=padding_idx,
            )
        make_conv = partial(depthwise_conv, kernel_size=cgmlp_conv_kernel, option="cgmlp_conv_kernel")

        def cgmlp() -> torch.nn.Module:
            return ConvolutionalGatingMLP(
                output_size, cgmlp_linear_units, make_conv, dropout_rate, use_linear_after_conv, gate_activation
            )

        layers = [
            BranchformerLayer(
                output_size,
                choice.make_attention() if use_attn else None,
                cgmlp() if use_cgmlp else None,
                dropout_rate,
                merge_method,
                *own_options,
            )
            for own_options in zip(
                one_per_layer("cgmlp_weight", cgmlp_weight, num_blocks),
                one_per_layer("attn_branch_drop_rate", attn_branch_drop_rate, num_blocks),
                one_per_layer("stochastic_depth_rate", stochastic_depth_rate, num_blocks),
            )
        ]
        super().__init__(output_size, embed, layers, True, (), False, 0.0)

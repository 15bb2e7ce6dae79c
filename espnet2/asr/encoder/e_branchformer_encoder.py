"""E-Branchformer encoder.

Kim et al., "E-Branchformer: Branchformer with Enhanced Merging for Speech Recognition", 2022,
https://arxiv.org/abs/2210.00077.
"""
# Shapes: B batch, T frames, S frames after subsampling, R distances, F features, D model size
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from espnet2.asr.encoder.layered_encoder import LayeredEncoder
from espnet2.layers.activation import get_activation
from espnet2.layers.attention_choice import ATTENTIONS, AttentionChoice
from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.convolution import depthwise_conv
from espnet2.layers.e_branchformer_layer import EBranchformerLayer
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.layers.input_layer import build_input_layer
from espnet2.layers.transformer_layer import skip_layer
from espnet2.utils.errors import InputError

INPUT_LAYERS = (
    "linear", "conv1d1", "conv1d2", "conv1d3", "conv2d", "conv2d1", "conv2d2", "conv2d6", "conv2d8", "embed"
)


class EBranchformerEncoder(LayeredEncoder):
    """E-Branchformer encoder.

    Args:
        input_size: Features F.
        output_size: Model size D.
        attention_heads: Heads of each attention.
        attention_layer_type: ``selfattn``, ``rel_selfattn``, ``legacy_rel_selfattn`` or ``fast_selfattn``.
        pos_enc_layer_type: A key of ``attention_choice.POSITIONAL_ENCODINGS``; the relative ones go with the relative
            attentions alone.
        rel_pos_type: ``legacy`` or ``latest``, see ``attention_choice.resolve_relative_positions``.
        cgmlp_linear_units: Hidden size of the convolutional gating perceptrons (even).
        cgmlp_conv_kernel: Taps of their convolutions (odd).
        use_linear_after_conv: Have a linear map between their convolution and gate.
        gate_activation: Activation of their gate, or ``identity``.
        num_blocks: Number of layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout on the input of the first layer and on relative positions.
        attention_dropout_rate: Dropout on attention weights.
        input_layer: One of ``INPUT_LAYERS``, or None: then features get positions and nothing else, or (if F is not D)
            a linear map and no positions.
        zero_triu: Give no positional score to frames on the right (``rel_selfattn`` only).
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        layer_drop_rate: Probability of leaving a layer out in training.
        max_pos_emb_len: Positions tabled at first; with legacy positions it is part of the model.
        use_ffn: Have a feed-forward network after the branches.
        macaron_ffn: With ``use_ffn``, have half a network before them and half one after.
        ffn_activation_type: Activation of the feed-forward networks.
        linear_units: Their hidden size.
        positionwise_layer_type: ``linear``, or None for no networks.
        merge_conv_kernel: Taps of the convolution that merges the branches (odd).
        interctc_layer_idx: Layers, counted from 1, with a CTC loss of their own; it sees their outputs as they are, not
            normalised as in the other encoders.
        interctc_use_conditioning: Condition the following layers on what these predict.
        gradient_checkpoint_layers: Layers, counted from 0, that are computed again in the backward pass instead of
            being kept: less memory, the same gradients.
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
        attention_layer_type: str = "rel_selfattn",
        pos_enc_layer_type: str = "rel_pos",
        rel_pos_type: str = "latest",
        cgmlp_linear_units: int = 2048,
        cgmlp_conv_kernel: int = 31,
        use_linear_after_conv: bool = False,
        gate_activation: str = "identity",
        num_blocks: int = 12,
        dropout_rate: float = 0.1,
        positional_dropout_rate: float = 0.1,
        attention_dropout_rate: float = 0.0,
        input_layer: str | None = "conv2d",
        zero_triu: bool = False,
        padding_idx: int = -1,
        layer_drop_rate: float = 0.0,
        max_pos_emb_len: int = 5000,
        use_ffn: bool = False,
        macaron_ffn: bool = False,
        ffn_activation_type: str = "swish",
        linear_units: int = 2048,
        positionwise_layer_type: str | None = "linear",
        merge_conv_kernel: int = 3,
        interctc_layer_idx: Sequence[int] | None = None,
        interctc_use_conditioning: bool = False,
        gradient_checkpoint_layers: Sequence[int] = (),
        qk_norm: bool = False,
        use_flash_attn: bool = True,
    ) -> None:
        if positionwise_layer_type not in ("linear", None) or (use_ffn and positionwise_layer_type is None):
            raise InputError(
                f"encoder_conf: positionwise_layer_type {positionwise_layer_type} does not go with use_ffn {use_ffn};"
                " choose linear, or null where use_ffn is false"
            )
        if any(not 0 <= index < num_blocks for index in gradient_checkpoint_layers):
            raise InputError(
                f"encoder_conf: gradient_checkpoint_layers {list(gradient_checkpoint_layers)} must lie between 0 and"
                f" {num_blocks - 1}"
            )
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
            max_pos_emb_len,
            tuple(ATTENTIONS),
            "attention_layer_type",
        )
        embed: torch.nn.Module
        if input_layer is None and input_size != output_size:
            choice.require_none()
            embed = torch.nn.Linear(input_size, output_size)
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

        def feed_forward() -> torch.nn.Module:
            return PositionwiseFeedForward(output_size, linear_units, dropout_rate, get_activation(ffn_activation_type))

        layers = [
            EBranchformerLayer(
                output_size,
                choice.make_attention(),
                ConvolutionalGatingMLP(
                    output_size, cgmlp_linear_units, make_conv, dropout_rate, use_linear_after_conv, gate_activation
                ),
                feed_forward() if use_ffn else None,
                feed_forward() if use_ffn and macaron_ffn else None,
                dropout_rate,
                merge_conv_kernel,
            )
            for _ in range(num_blocks)
        ]
        super().__init__(output_size, embed, layers, True, interctc_layer_idx or (), interctc_use_conditioning, 0.0)
        self.layer_drop_rate = layer_drop_rate
        self.gradient_checkpoint_layers = frozenset(gradient_checkpoint_layers)

    def _apply_layer(
        self, number: int, layer: torch.nn.Module, x: Tensor, mask: Tensor, pos_emb: Tensor | None
    ) -> Tensor:
        """Run the layer of this number, counted from 1, or leave it out.

        Shapes:
            x (B, S, D), mask (B, 1, S), pos_emb (1, R, D) -> (B, S, D)
        """
        if skip_layer(self, self.layer_drop_rate):
            return x
        if self.training and number - 1 in self.gradient_checkpoint_layers:
            return checkpoint(layer, x, mask, pos_emb, use_reentrant=False)
        return super()._apply_layer(number, layer, x, mask, pos_emb)

    def _intermediate(self, x: Tensor) -> Tensor:
        return x

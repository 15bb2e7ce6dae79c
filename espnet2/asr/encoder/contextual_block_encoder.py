"""The contextual-block Transformer and Conformer encoders; how blocks are made and joined stands in their base.

Tsunoo et al., "Transformer ASR with Contextual Block Processing", 2019, https://arxiv.org/abs/1910.07204.

Their attention has absolute positions. The Transformer's layer is the Conformer's without convolution and macaron.
"""
# Shapes: K blocks, W slots of a block, D model size
import torch
from torch import Tensor

from espnet2.asr.encoder.block_encoder import ContextualBlockEncoder
from espnet2.layers.activation import get_activation
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.conformer_layer import ConformerLayer
from espnet2.layers.context_blocks import BlockSizes
from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.feed_forward import build_feed_forward
from espnet2.layers.packed_linear import PackedLinear, is_available


class BlockAttention(MultiHeadedAttention):
    """Self-attention of the slots of blocks."""

    def prepare_inference(self) -> None:
        """Project queries, keys and values by one product; packed however small it is, for a block has many rows."""
        self.join_projections()
        joined = self.linear_qkv
        if isinstance(joined, torch.nn.Linear) and joined.weight.dtype == torch.float32 and is_available():
            self.linear_qkv = PackedLinear(joined) if joined.weight.device.type == "cpu" else joined

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Attend; queries, keys and values are the same.

        Shapes:
            query (K, W, D), mask (1 or K, W, W) or (K, 1, W) -> (K, W, D)
        """
        return self.attend(*self.project_self(query), mask)


def make_layer(
    size: int,
    attention_heads: int,
    linear_units: int,
    dropout_rate: float,
    attention_dropout_rate: float,
    normalize_before: bool,
    concat_after: bool,
    positionwise_layer_type: str,
    positionwise_conv_kernel_size: int,
    macaron_style: bool = False,
    conv_module: torch.nn.Module | None = None,
) -> ConformerLayer:
    """A layer with the names of checkpoints; arguments as of the encoders."""

    def feed_forward() -> torch.nn.Module:
        return build_feed_forward(
            positionwise_layer_type,
            size,
            linear_units,
            positionwise_conv_kernel_size,
            dropout_rate,
            torch.nn.ReLU(),
        )

    return ConformerLayer(
        size,
        BlockAttention(attention_heads, size, attention_dropout_rate),
        feed_forward(),
        feed_forward() if macaron_style else None,
        conv_module,
        dropout_rate,
        normalize_before,
        concat_after,
        norm_names=("norm1", "norm2"),
    )


class ContextualBlockTransformerEncoder(ContextualBlockEncoder):
    """Contextual-block Transformer encoder.

    Args:
        input_size: Features F.
        output_size: Model size D.
        attention_heads: Heads of each attention.
        linear_units: Hidden size of the feed-forward networks.
        num_blocks: Number of layers L.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout on the input of the first layer.
        attention_dropout_rate: Dropout on attention weights.
        input_layer: One of ``INPUT_LAYERS``, or None for features as they are.
        normalize_before: Normalise before each branch; else after it.
        concat_after: Join input and output of each attention by a linear map.
        positionwise_layer_type: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        block_size: Encoder frames in a block; 0 takes each utterance as a whole, which then cannot stream.
        hop_size: Encoder frames from a block to the next.
        look_ahead: Encoder frames at a block's end that only help those before them.
        init_average: Start a block's summary as its frames' mean; else as their maximum.
        ctx_pos_enc: Add the block's number to the summary, as a position.
        legacy_padding: Do not mask padding, as the models of other releases were trained.

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
        positionwise_conv_kernel_size: int = 1,
        padding_idx: int = -1,
        block_size: int = 40,
        hop_size: int = 16,
        look_ahead: int = 16,
        init_average: bool = True,
        ctx_pos_enc: bool = True,
        legacy_padding: bool = False,
    ) -> None:
        layers = [
            make_layer(
                output_size,
                attention_heads,
                linear_units,
                dropout_rate,
                attention_dropout_rate,
                normalize_before,
                concat_after,
                positionwise_layer_type,
                positionwise_conv_kernel_size,
            )
            for _ in range(num_blocks)
        ]
        super().__init__(
            input_size,
            output_size,
            layers,
            input_layer,
            dropout_rate,
            positional_dropout_rate,
            normalize_before,
            padding_idx,
            BlockSizes(block_size, hop_size, look_ahead),
            init_average,
            ctx_pos_enc,
            legacy_padding,
        )


class ContextualBlockConformerEncoder(ContextualBlockEncoder):
    """Contextual-block Conformer encoder.

    Args:
        input_size: Features F.
        output_size: Model size D.
        attention_heads: Heads of each attention.
        linear_units: Hidden size of the feed-forward networks.
        num_blocks: Number of layers L.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout on the input of the first layer.
        attention_dropout_rate: Dropout on attention weights.
        input_layer: One of ``INPUT_LAYERS``, or None for features as they are.
        normalize_before: Normalise before each branch; else after it.
        concat_after: Join input and output of each attention by a linear map.
        positionwise_layer_type: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
        macaron_style: Half a feed-forward network before and half one after, instead of one after.
        selfattention_layer_type: Accepted and without effect: the attention has absolute positions.
        activation_type: Activation of the convolution modules; the feed-forward networks have ReLU.
        use_cnn_module: Have convolution modules.
        cnn_module_kernel: Taps of the depthwise convolutions (odd).
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        block_size: Encoder frames in a block; 0 takes each utterance as a whole, which then cannot stream.
        hop_size: Encoder frames from a block to the next.
        look_ahead: Encoder frames at a block's end that only help those before them.
        init_average: Start a block's summary as its frames' mean; else as their maximum.
        ctx_pos_enc: Add the block's number to the summary, as a position.
        legacy_padding: Do not mask padding, as the models of other releases were trained.

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
        selfattention_layer_type: str = "rel_selfattn",
        activation_type: str = "swish",
        use_cnn_module: bool = True,
        cnn_module_kernel: int = 31,
        padding_idx: int = -1,
        block_size: int = 40,
        hop_size: int = 16,
        look_ahead: int = 16,
        init_average: bool = True,
        ctx_pos_enc: bool = True,
        legacy_padding: bool = False,
    ) -> None:
        layers = [
            make_layer(
                output_size,
                attention_heads,
                linear_units,
                dropout_rate,
                attention_dropout_rate,
                normalize_before,
                concat_after,
                positionwise_layer_type,
                positionwise_conv_kernel_size,
                macaron_style,
                ConvolutionModule(output_size, cnn_module_kernel, get_activation(activation_type))
                if use_cnn_module
                else None,
            )
            for _ in range(num_blocks)
        ]
        super().__init__(
            input_size,
            output_size,
            layers,
            input_layer,
            dropout_rate,
            positional_dropout_rate,
            normalize_before,
            padding_idx,
            BlockSizes(block_size, hop_size, look_ahead),
            init_average,
            ctx_pos_enc,
            legacy_padding,
        )

"""Conformer encoder whose convolution modules have several kernel sizes.

Prabhu et al., "Multi-Convformer: Extending Conformer with Multiple Convolution Kernels", 2024,
https://arxiv.org/abs/2407.03718.

This one is made from the paper, for training. How other toolkits lay out and initialise its convolutions is not
documented, so the names of their parameters are our own: a model trained elsewhere is refused for its missing weights
when it is loaded, rather than decoded wrongly.
"""
# Shapes: B batch, T frames, F features, D model size
from collections.abc import Sequence
from functools import partial

from espnet2.asr.encoder.conformer_encoder import ConformerEncoder
from espnet2.layers.activation import get_activation
from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.multi_kernel_convolution import MultiKernelConvolution
from espnet2.utils.errors import InputError


class MultiConvConformerEncoder(ConformerEncoder):
    """Conformer encoder with convolutional gating perceptrons of several kernels in place of its convolution modules.

    The arguments are those of ``ConformerEncoder`` except for ``cnn_module_kernel``, and these:

    Args:
        cgmlp_linear_units: Hidden size of the perceptrons; even, and for the concatenating types a multiple of twice
            the number of kernels.
        multicgmlp_type: ``sum``, ``weighted_sum``, ``concat`` or ``concat_fusion``, see ``MultiKernelConvolution``.
        multicgmlp_kernel_sizes: Taps of each convolution (odd), as a list or separated by commas.
        multicgmlp_merge_conv_kernel: Taps of the convolution that ends ``concat_fusion`` (odd).
        multicgmlp_use_non_linear: Let each convolution be followed by ``activation_type``.
        gate_activation: Activation of the gate, or ``identity``.

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
        cgmlp_linear_units: int = 2048,
        multicgmlp_type: str = "concat_fusion",
        multicgmlp_kernel_sizes: str | int | Sequence[int] = "7,15,23,31",
        multicgmlp_merge_conv_kernel: int = 31,
        multicgmlp_use_non_linear: bool = True,
        gate_activation: str = "identity",
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
        super().__init__(
            input_size,
            output_size,
            attention_heads,
            linear_units,
            num_blocks,
            dropout_rate,
            positional_dropout_rate,
            attention_dropout_rate,
            input_layer,
            normalize_before,
            concat_after,
            positionwise_layer_type,
            positionwise_conv_kernel_size,
            macaron_style,
            rel_pos_type,
            pos_enc_layer_type,
            selfattention_layer_type,
            activation_type,
            use_cnn_module,
            zero_triu,
            padding_idx=padding_idx,
            interctc_layer_idx=interctc_layer_idx,
            interctc_use_conditioning=interctc_use_conditioning,
            ctc_trim=ctc_trim,
            stochastic_depth_rate=stochastic_depth_rate,
            layer_drop_rate=layer_drop_rate,
            max_pos_emb_len=max_pos_emb_len,
            qk_norm=qk_norm,
            use_flash_attn=use_flash_attn,
        )
        make_conv = partial(
            MultiKernelConvolution,
            kernel_sizes=parse_kernel_sizes(multicgmlp_kernel_sizes),
            fusion=multicgmlp_type,
            fusion_kernel=multicgmlp_merge_conv_kernel,
            activation=get_activation(activation_type) if multicgmlp_use_non_linear else None,
        )
        for layer in self.encoders if use_cnn_module else ():
            layer.conv_module = ConvolutionalGatingMLP(
                output_size, cgmlp_linear_units, make_conv, dropout_rate, gate_activation=gate_activation
            )


def parse_kernel_sizes(given: str | int | Sequence[int]) -> list[int]:
    """Kernel sizes as a list.

    Raises:
        InputError: If they are not whole numbers.
    """
    words = str(given).split(",") if isinstance(given, (str, int)) else list(given)
    try:
        return [int(word) for word in words]
    except ValueError:
        raise InputError(f"encoder_conf: multicgmlp_kernel_sizes must be like 7,15,23,31, but it is {given}") from None

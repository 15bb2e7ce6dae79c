"""Transformer decoders with convolutions in the place of self-attention.

Wu et al., "Pay Less Attention with Lightweight and Dynamic Convolutions", 2019, https://arxiv.org/abs/1901.10430;
the 2-d kinds convolve over the channels too. In the search a decoder keeps the last inputs of each convolution.

Trained weights of ESPnet2 load by name and shape. Its arithmetic is not documented in every detail (which channels share
a kernel, the ends of a sequence, the order of the parts of the 2-d kinds), so equal results are not promised, and
building one says so.
"""
# Shapes: B batch, L labels, D model size; in the search: U utterances, K hypotheses of each
import logging
from collections.abc import Sequence
from typing import cast

from torch import Tensor

from espnet2.asr.decoder.cached_decoder import CachedDecoder
from espnet2.layers.context_cache import ContextCache
from espnet2.layers.decoder_layer import DecoderLayer
from espnet2.layers.dynamic_conv import DynamicConvolution, DynamicConvolution2d
from espnet2.layers.lightweight_conv import GatedConvolution, LightweightConvolution, LightweightConvolution2d
from espnet2.utils.errors import InputError

KERNEL_LENGTH = 11


class ConvDecoder(CachedDecoder):
    """Labels to logits of the next label, given the encoder's output.

    Args:
        vocab_size, encoder_output_size, attention_heads, linear_units, num_blocks, dropout_rate,
            positional_dropout_rate, src_attention_dropout_rate, input_layer, use_output_layer, normalize_before,
            concat_after: See ``LayeredDecoder``.
        self_attention_dropout_rate: Dropout on the kernels.
        conv_wshare: Kernels of a layer; the channels share them evenly.
        conv_kernel_length: Taps of each layer's kernels (odd); 11 everywhere when None.
        conv_usebias: Add a bias to the convolutions.

    Attributes:
        convolution: The kind of convolution.

    Raises:
        InputError: If the kernel lengths are not one odd number for each layer, or the channels cannot be shared evenly.
    """

    convolution: type[GatedConvolution]

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
        conv_wshare: int = 4,
        conv_kernel_length: Sequence[int] | None = None,
        conv_usebias: bool = False,
    ):
        super().__init__(
            vocab_size,
            encoder_output_size,
            attention_heads,
            linear_units,
            num_blocks,
            dropout_rate,
            positional_dropout_rate,
            0.0,
            src_attention_dropout_rate,
            input_layer,
            use_output_layer,
            normalize_before,
            concat_after,
        )
        lengths = [KERNEL_LENGTH] * num_blocks if conv_kernel_length is None else conv_kernel_length
        if len(lengths) != num_blocks:
            raise InputError(
                f"decoder_conf: conv_kernel_length has {len(lengths)} numbers for the {num_blocks} layers of num_blocks"
            )
        for layer, length in zip(self._layers(), lengths):
            layer.self_attn = self.convolution(
                conv_wshare, encoder_output_size, self_attention_dropout_rate, length, conv_usebias
            )
        logging.warning(
            f"{type(self).__name__}: it is not verified that weights trained by ESPnet2 give the same results here "
            "(doc/differences.md says why); check them on a few utterances."
        )

    def _look_back(self, layer: DecoderLayer, y: Tensor, mask: Tensor) -> Tensor:
        """The convolution is causal by itself, and padding comes last."""
        return layer.self_attn(y)

    def _new_cache(self, encoded: Tensor) -> ContextCache:
        reaches = [_convolution(layer).reach for layer in self._layers()]
        return ContextCache(reaches, len(encoded), encoded.size(2), encoded)

    def _look_back_one(self, layer: DecoderLayer, number: int, y: Tensor, cache: ContextCache) -> Tensor:
        convolution = _convolution(layer)
        gated = convolution.gate(y.view(-1, 1, y.size(2)))  # (U * K, 1, D)
        return convolution.convolve(cache.put(number, gated)).view_as(y)


def _convolution(layer: DecoderLayer) -> GatedConvolution:
    return cast(GatedConvolution, layer.self_attn)


class LightweightConvDecoder(ConvDecoder):
    """With lightweight convolutions: the same kernels at every label."""

    convolution = LightweightConvolution


class LightweightConv2dDecoder(ConvDecoder):
    """With lightweight convolutions over time and over channels."""

    convolution = LightweightConvolution2d


class DynamicConvDecoder(ConvDecoder):
    """With dynamic convolutions: kernels that each label predicts."""

    convolution = DynamicConvolution


class DynamicConv2dDecoder(ConvDecoder):
    """With dynamic convolutions over time and over channels."""

    convolution = DynamicConvolution2d

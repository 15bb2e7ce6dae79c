"""Transformer decoder.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.
"""
# Shapes: L labels, D model size; in the search: U utterances, K hypotheses of each
from typing import cast

from torch import Tensor

from espnet2.asr.decoder.cached_decoder import CachedDecoder
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.decoder_layer import DecoderLayer
from espnet2.layers.key_value_cache import KeyValueCache


class TransformerDecoder(CachedDecoder):
    """Labels to logits of the next label, given the encoder's output; see ``LayeredDecoder`` for the options.

    In the search it keeps the keys and values of the tokens so far.
    """

    def prepare_inference(self) -> None:
        """Join the projections of each layer's self-attention."""
        for layer in self._layers():
            cast(MultiHeadedAttention, layer.self_attn).join_projections()

    def _new_cache(self, encoded: Tensor) -> KeyValueCache:
        attention = self._layers()[0].src_attn
        return KeyValueCache(len(self.decoders), len(encoded), attention.h, attention.d_k, encoded)

    def _look_back_one(self, layer: DecoderLayer, number: int, y: Tensor, cache: KeyValueCache) -> Tensor:
        attention = cast(MultiHeadedAttention, layer.self_attn)
        query, key, value = attention.project_self(y.view(*cache.shape, -1))
        return attention.attend(query, *cache.put(number, key, value), None, cache.bias).view_as(y)

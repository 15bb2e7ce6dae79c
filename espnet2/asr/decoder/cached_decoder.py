"""A layered decoder as a scorer of the beam search.

The encoder's keys and values are projected once per utterance and shared by its hypotheses, and each step computes the
last token only; what the self-attention needs of the earlier tokens lies in a cache of its own kind.
"""
# Shapes: L labels, T frames, D model size, V vocabulary
#         U utterances, K hypotheses of each, H heads, d_k = D / H
from abc import abstractmethod
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from espnet2.asr.decoder.decoder_layer import DecoderLayer
from espnet2.asr.decoder.layered_decoder import LayeredDecoder
from espnet2.layers.mask import make_attention_mask
from espnet2.search.scorer import Scorer, rows_of, rows_of_utterances


class Cache(Protocol):
    """What the self-attention of all layers keeps of the tokens so far, a row per hypothesis."""

    def advance(self) -> None:
        """Begin the next token."""

    def take(self, rows: Tensor) -> "Cache":
        """The cache of some hypotheses, in the order given: rows (N',)."""


class DecoderState(NamedTuple):
    """What the decoder keeps of its hypotheses."""

    cache: Cache  # self-attention of U * K hypotheses
    source: Tensor  # (layers, 2, U, H, T, d_k)  projected keys and values of the encoder's output
    source_mask: Tensor | None  # (U, 1, T)  None when no utterance is padded
    num_hypotheses: int  # K


class CachedDecoder(LayeredDecoder, Scorer):
    """Adds to a layered decoder what the beam search asks of it. Subclasses say what is cached."""

    @abstractmethod
    def _new_cache(self, encoded: Tensor) -> Cache:
        """The cache before the first token: encoded (U, T, D), of whose rows, type and device it is."""

    @abstractmethod
    def _look_back_one(self, layer: DecoderLayer, number: int, y: Tensor, cache: Any) -> Tensor:
        """A layer's self-attention of the present token: y (U * K, 1, D) -> (U * K, 1, D)."""

    def start(self, encoded: Tensor, lengths: Tensor) -> DecoderState:
        """Project the encoder's output for all layers.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        source = [layer.src_attn.project_key_value(encoded, encoded) for layer in self._layers()]
        is_padded = bool((lengths < encoded.size(1)).any())
        return DecoderState(
            cache=self._new_cache(encoded),
            source=torch.stack([torch.stack(pair) for pair in source]),
            source_mask=make_attention_mask(lengths, encoded.size(1)).to(encoded.device) if is_padded else None,
            num_hypotheses=1,
        )

    def score(
        self, prefixes: Tensor, state: DecoderState, candidates: Tensor | None = None
    ) -> tuple[Tensor, DecoderState]:
        """Log-probabilities of what follows the prefixes; computes their last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        by_utterance = prefixes.shape[:2]
        state.cache.advance()
        last = prefixes[:, :, -1:].flatten(0, 1)  # (U * K, 1)
        x = self.embed[-1](self.embed[:-1](last), offset=prefixes.size(2) - 1)  # (U * K, 1, D)
        for number, layer in enumerate(self._layers()):

            def look_back(y: Tensor, layer: DecoderLayer = layer, number: int = number) -> Tensor:
                return self._look_back_one(layer, number, y, state.cache)

            def look_at_source(y: Tensor, layer: DecoderLayer = layer, number: int = number) -> Tensor:
                # the hypotheses of an utterance are so many queries to the one source: (U, K, D)
                query = layer.src_attn.project_query(y.view(*by_utterance, -1))
                keys, values = state.source[number]
                return layer.src_attn.attend(query, keys, values, state.source_mask).view_as(y)

            x = layer(x, look_back, look_at_source)
        return self._output(x).view(*by_utterance, -1).log_softmax(-1), state

    def select(self, state: DecoderState, parents: Tensor, tokens: Tensor) -> DecoderState:
        """The survivors' caches.

        Shapes:
            parents (U, K')
        """
        cache = state.cache.take(rows_of(parents, state.num_hypotheses))
        return state._replace(cache=cache, num_hypotheses=parents.size(1))

    def keep(self, state: DecoderState, utterances: Tensor) -> DecoderState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        rows = rows_of_utterances(utterances, state.num_hypotheses)
        mask = None if state.source_mask is None else state.source_mask.index_select(0, utterances)
        return state._replace(
            cache=state.cache.take(rows), source=state.source.index_select(2, utterances), source_mask=mask
        )

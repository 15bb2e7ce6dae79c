"""A layered decoder as a scorer of the beam search: each step computes the last token only."""
# Shapes: L labels, T frames, D model size, V vocabulary
#         U utterances, K hypotheses of each, H heads, d_k = D / H
from abc import abstractmethod
from typing import Any

from torch import Tensor

from espnet2.asr.decoder.layered_decoder import LayeredDecoder
from espnet2.asr.decoder.source_scorer import Cache, DecoderState, SourceScorer
from espnet2.asr.decoder.source_watch import SourceWatch
from espnet2.layers.decoder_layer import DecoderLayer


class CachedDecoder(LayeredDecoder, SourceScorer):
    """Adds to a layered decoder what the beam search asks of it. Subclasses say what is cached."""

    @abstractmethod
    def _new_cache(self, encoded: Tensor) -> Cache:
        """The cache before the first token: encoded (U, T, D), of whose rows, type and device it is."""

    @abstractmethod
    def _look_back_one(self, layer: DecoderLayer, number: int, y: Tensor, cache: Any) -> Tensor:
        """A layer's self-attention of the present tokens: y (U, K, D) -> (U, K, D)."""

    def start(self, encoded: Tensor, lengths: Tensor) -> DecoderState:
        """Project the encoder's output for all layers.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        return self.begin(self._new_cache(encoded), self.project_source(encoded), lengths)

    def project_source(self, encoded: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of each layer.

        Shapes:
            encoded (U, T, D) -> (U, H, T, d_k), (U, H, T, d_k)
        """
        return [layer.src_attn.project_key_value(encoded, encoded) for layer in self._layers()]

    def score(
        self, prefixes: Tensor, state: DecoderState, candidates: Tensor | None = None
    ) -> tuple[Tensor, DecoderState]:
        """Log-probabilities of what follows the prefixes; computes their last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        cache = state.cache.advance()
        weights: list[Tensor] = []
        x = self._embed_last(prefixes)
        source = state.source.flatten(0, 1).unbind()  # keys, values of each layer
        for number, layer in enumerate(self._layers()):

            def look_back(y: Tensor, layer: DecoderLayer = layer, number: int = number) -> Tensor:
                return self._look_back_one(layer, number, y, cache)

            def look_at_source(y: Tensor, layer: DecoderLayer = layer, number: int = number) -> Tensor:
                # the hypotheses of an utterance are so many queries to the one source
                query = layer.src_attn.project_query(y)
                keys, values = source[2 * number : 2 * number + 2]
                if state.watch is not None:
                    weights.append(layer.src_attn.weights(query, keys, state.source_mask))
                return layer.src_attn.attend(query, keys, values, state.source_mask)

            x = layer(x, look_back, look_at_source)
        watch = None if state.watch is None else state.watch.look(weights)
        state = state._replace(cache=cache, watch=watch)
        return self._output(x).log_softmax(-1), state

    def _embed_last(self, prefixes: Tensor) -> Tensor:
        """Embed the last tokens: (U, K, L) -> (U, K, D)."""
        *embed, positions = self.embed
        x = prefixes[:, :, -1:].flatten(0, 1)  # (U * K, 1)
        for module in embed:
            x = module(x)
        return positions(x, offset=prefixes.size(2) - 1).view(*prefixes.shape[:2], -1)

    def watch(self, state: DecoderState) -> DecoderState:
        """Take note of where the tokens are heard from now on; before the first one."""
        return state._replace(watch=SourceWatch.begin(state.source.size(2), state.source))

    def back_probabilities(self, state: DecoderState) -> Tensor:
        """How likely it is that the tokens that were scored last were said before those before them: (U, K)."""
        assert state.watch is not None
        return state.watch.back

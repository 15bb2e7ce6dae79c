"""What attention decoders share as scorers of the beam search.

The encoder's keys and values are projected once per utterance and shared by its hypotheses; what the self-attention
needs of the earlier tokens lies in a cache of its own kind.
"""
# Shapes: U utterances, K hypotheses of each, T frames, D model size, H heads, d_k = D / H
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from espnet2.asr.decoder.source_watch import SourceWatch
from espnet2.layers.growing_tensor import GrowingTensor
from espnet2.layers.mask import make_attention_mask
from espnet2.search.scorer import Scorer, rows_of, rows_of_utterances


class Cache(Protocol):
    """What the self-attention of all layers keeps of the hypotheses' tokens so far."""

    def advance(self) -> "Cache":
        """The cache in which the next token begins; the given one stays as it is."""

    def take(self, rows: Tensor, utterances: Tensor | None = None) -> "Cache":
        """The cache of some hypotheses, in the order given.

        Args:
            rows: Which of the U * K hypotheses.
            utterances: Whose they are, if they are all hypotheses of some utterances; None: equally many of each.

        Shapes:
            rows (N',), utterances (U',)
        """

    @classmethod
    def join(cls, caches: Sequence[Any]) -> "Cache":
        """All hypotheses of several caches of this kind, whose prefixes are of one length."""


class DecoderState(NamedTuple):
    """What the decoder keeps of its hypotheses."""

    cache: Cache  # self-attention of U * K hypotheses
    source: Tensor  # (layers, 2, U, H, T, d_k)  projected keys and values of the encoder's output
    source_mask: Tensor | None  # (U, 1, T)  None when no utterance is padded
    num_hypotheses: int  # K
    growing: GrowingTensor | None = None  # what ``source`` is a view of, if it has grown
    watch: SourceWatch | None = None  # where it listens, if anybody wants to know


class SourceScorer(Scorer):
    """A scorer whose state is a ``DecoderState``."""

    @abstractmethod
    def project_source(self, encoded: Tensor) -> Sequence[tuple[Tensor, Tensor]]:
        """Keys and values of each layer.

        Shapes:
            encoded (U, T, D) -> (U, H, T, d_k), (U, H, T, d_k)
        """

    @staticmethod
    def begin(cache: Cache, source: Sequence[tuple[Tensor, Tensor]], lengths: Tensor) -> DecoderState:
        """The state of one hypothesis per utterance.

        Args:
            cache: The cache before the first token, a row per utterance.
            source: Keys and values of each layer, each (U, H, T, d_k).
            lengths: Frames of each utterance.

        Shapes:
            lengths (U,)
        """
        pairs = _stack(source)
        num_frames = pairs.size(4)
        is_padded = bool((lengths < num_frames).any())
        mask = make_attention_mask(lengths, num_frames).to(pairs.device) if is_padded else None
        return DecoderState(cache, pairs, mask, num_hypotheses=1)

    def select(self, state: DecoderState, parents: Tensor, tokens: Tensor) -> DecoderState:
        """The survivors' caches.

        Shapes:
            parents (U, K')
        """
        cache = state.cache.take(rows_of(parents, state.num_hypotheses))
        watch = None if state.watch is None else state.watch.take(parents)
        return state._replace(cache=cache, num_hypotheses=parents.size(1), watch=watch)

    def keep(self, state: DecoderState, utterances: Tensor) -> DecoderState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        rows = rows_of_utterances(utterances, state.num_hypotheses)
        mask = None if state.source_mask is None else state.source_mask.index_select(0, utterances)
        return state._replace(
            cache=state.cache.take(rows, utterances),
            source=state.source.index_select(2, utterances),
            source_mask=mask,
            growing=None,
            watch=None if state.watch is None else state.watch.keep(utterances),
        )

    def join(self, states: Sequence[DecoderState]) -> DecoderState:
        """All hypotheses of several states of one utterance, with prefixes of one length."""
        cache = type(states[0].cache).join([state.cache for state in states])
        return states[0]._replace(cache=cache, num_hypotheses=sum(state.num_hypotheses for state in states))

    def extend(self, state: DecoderState, encoded: Tensor, max_frames: int | None = None) -> DecoderState:
        """Project the new frames. What earlier tokens have heard stays as it is: only later ones hear more.

        Raises:
            ValueError: If an utterance is padded.

        Shapes:
            encoded (U, s, D)
        """
        if state.source_mask is not None:
            raise ValueError("utterances with padding cannot go on")
        growing = state.growing or GrowingTensor(state.source, 4)
        growing = growing.append(_stack(self.project_source(encoded)))
        num_frames = len(growing)
        growing = growing if max_frames is None else growing.last(max_frames)
        watch = None if state.watch is None else state.watch.forget(num_frames - len(growing))
        return state._replace(source=growing.values, growing=growing, watch=watch)


def _stack(source: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Keys and values of all layers in one tensor: (layers, 2, U, H, T, d_k)."""
    return torch.stack([torch.stack(pair) for pair in source])

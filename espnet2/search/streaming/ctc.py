"""Searches along CTC's frames, which need no more than one frame after another anyway.

A stream is searched as a whole utterance is, and in the end the results are the same.
"""

# Shapes: s new frames, D model size, V vocabulary, C candidates of a frame, L tokens so far
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.search.beam_search import max_tokens, min_tokens
from espnet2.search.ctc_greedy import CTCGreedySearch
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch, FrameBeam
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.prefix_scores import PrefixScores
from espnet2.utils.errors import InputError


class GreedyState(NamedTuple):
    """One stream."""

    tokens: Tensor | None = None  # (L,)
    last: Tensor | None = None  # (1, 1)  the best token of the last frame
    score: float = 0.0


class StreamingCTCGreedy:
    """The likeliest path of a stream.

    Args:
        search: The same of a whole utterance.
    """

    def __init__(self, search: CTCGreedySearch):
        self.search = search
        self.weights = search.weights

    def start(self) -> GreedyState:
        """The state before the first frame."""
        return GreedyState()

    @torch.no_grad()
    def advance(self, state: GreedyState, frames: Tensor, is_final: bool) -> tuple[GreedyState, list[Hypothesis]]:
        """Read the path of some frames more; see ``StreamingSearch``.

        Shapes:
            frames (s, D)
        """
        search = self.search
        last = state.last
        if last is None:
            last = torch.full((1, 1), search.blank, device=frames.device)
        best, path, is_token = search.read(frames.unsqueeze(0), last)
        tokens = path[is_token] if state.tokens is None else torch.cat([state.tokens, path[is_token]])
        last = torch.cat([last, path], 1)[:, -1:]
        state = GreedyState(tokens, last, state.score + float(best.sum()))
        return self.start() if is_final else state, [search.hypothesis(tokens, state.score)]


class PrefixBeamState(NamedTuple):
    """One stream."""

    beam: FrameBeam | None = None  # of one utterance
    scores: dict[str, PrefixScores] = {}
    num_frames: int = 0


class StreamingCTCPrefixBeam:
    """The CTC prefix beam search of a stream.

    Args:
        search: The same of a whole utterance.
        maxlenratio: Most tokens as a part of the frames so far; 0: as many as frames; -n: n tokens.
        minlenratio: Fewest tokens as a part of the frames; -n: n tokens. Without effect on an utterance that has no
            longer hypothesis.

    Raises:
        InputError: If a scorer must have heard the speech.
    """

    def __init__(self, search: CTCPrefixBeamSearch, maxlenratio: float = 0.0, minlenratio: float = 0.0):
        hearing = [name for name, scorer in search.scorers.items() if not scorer.ignores_speech]
        if hearing:
            raise InputError(f"The frame-synchronous search with {', '.join(hearing)} needs the whole utterance at once.")
        self.search = search
        self.weights = search.weights
        self.maxlenratio = maxlenratio
        self.minlenratio = minlenratio

    def start(self) -> PrefixBeamState:
        """The state before the first frame."""
        return PrefixBeamState()

    @torch.no_grad()
    def advance(
        self, state: PrefixBeamState, frames: Tensor, is_final: bool
    ) -> tuple[PrefixBeamState, list[Hypothesis]]:
        """Go some frames further; see ``StreamingSearch``. Nobody judges the end of a transcript before the last frame.

        Shapes:
            frames (s, D)
        """
        if len(frames):
            state = self._hear(state, frames)
        if state.beam is None:
            return state, []
        nbest = self.search.results(state.beam, 0, is_final, min_tokens(state.num_frames, self.minlenratio))
        return self.start() if is_final else state, nbest

    def _hear(self, state: PrefixBeamState, frames: Tensor) -> PrefixBeamState:
        """At least one frame more: frames (s, D)."""
        encoded = frames.unsqueeze(0)
        num_frames = state.num_frames + len(frames)
        lengths = torch.tensor([len(frames)], device=frames.device)
        if state.beam is None:
            beam, scores = self.search.start(encoded, lengths)
        else:
            beam, scores = state.beam, {name: score.copy() for name, score in state.scores.items()}
        longest = torch.tensor([[max_tokens(num_frames, self.maxlenratio)]], device=frames.device)
        return PrefixBeamState(self.search.hear(beam, scores, encoded, lengths, longest), scores, num_frames)

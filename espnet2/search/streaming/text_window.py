"""A scorer that looks back at a bounded number of tokens."""

# Shapes: U utterances, K hypotheses of each, L tokens so far (sos first), s new frames, D model size, V vocabulary
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.search.scorer import Scorer


class WindowState(NamedTuple):
    """The state of the scorer within."""

    inner: Any
    empty: Any  # its state before the first token, of one hypothesis
    num_forgotten: int = 0  # tokens that it does not see any more


class TextWindow(Scorer):
    """A scorer that sees sos and the last tokens of each hypothesis only.

    When there are more than it may see, it reads the last half of them anew. So each token is read about twice, however
    long the hypotheses grow.

    Args:
        scorer: Judges tokens.
        max_tokens: How many it sees at most, sos included; at least 2.
        sos: Id that each hypothesis begins with.
    """

    def __init__(self, scorer: Scorer, max_tokens: int, sos: int):
        self.scorer = scorer
        self.max_tokens = max(2, max_tokens)
        self.sos = sos
        self.is_partial = scorer.is_partial
        self.ignores_speech = scorer.ignores_speech

    @property
    def can_stream(self) -> bool:
        """Whether the scorer within can."""
        return self.scorer.can_stream

    def start(self, encoded: Tensor, lengths: Tensor) -> WindowState:
        """The state before the first token.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        state = self.scorer.start(encoded, lengths)
        return WindowState(state, state)

    def score(
        self, prefixes: Tensor, state: WindowState, candidates: Tensor | None = None
    ) -> tuple[Tensor, WindowState]:
        """The scores of what is left of the prefixes.

        Shapes:
            prefixes (U, K, L), candidates (U, K, C) -> (U, K, V) or (U, K, C)
        """
        if prefixes.size(2) - state.num_forgotten > self.max_tokens:
            state = self._forget(prefixes, state, candidates)
        scores, inner = self.scorer.score(self._seen(prefixes, state.num_forgotten), state.inner, candidates)
        return scores, state._replace(inner=inner)

    def _seen(self, prefixes: Tensor, num_forgotten: int) -> Tensor:
        """sos and the last tokens: (U, K, L) -> (U, K, L - num_forgotten)."""
        return torch.cat([prefixes[:, :, :1], prefixes[:, :, 1 + num_forgotten :]], 2)

    def _forget(self, prefixes: Tensor, state: WindowState, candidates: Tensor | None) -> WindowState:
        """Read the last tokens anew, but for the very last one."""
        num_forgotten = prefixes.size(2) - max(2, self.max_tokens // 2)
        seen = self._seen(prefixes, num_forgotten)
        inner, parents = state.empty, torch.zeros_like(seen[:, :, 0])
        for length in range(1, seen.size(2)):
            read = seen[:, :1, :1] if length == 1 else seen[:, :, :length]
            _, inner = self.scorer.score(read, inner, candidates)
            inner = self.scorer.select(inner, parents, seen[:, :, length])
            parents = torch.arange(seen.size(1), device=seen.device).expand_as(parents)
        return state._replace(inner=inner, num_forgotten=num_forgotten)

    def select(self, state: WindowState, parents: Tensor, tokens: Tensor) -> WindowState:
        """The survivors' states.

        Shapes:
            parents (U, K'), tokens (U, K')
        """
        return state._replace(inner=self.scorer.select(state.inner, parents, tokens))

    def keep(self, state: WindowState, utterances: Tensor) -> WindowState:
        """The states of some utterances: utterances (U',)."""
        inner, empty = (self.scorer.keep(part, utterances) for part in (state.inner, state.empty))
        return state._replace(inner=inner, empty=empty)

    def extend(self, state: WindowState, encoded: Tensor, max_frames: int | None = None) -> WindowState:
        """The state once more frames have come.

        Shapes:
            encoded (U, s, D)
        """
        inner, empty = (self.scorer.extend(part, encoded, max_frames) for part in (state.inner, state.empty))
        return state._replace(inner=inner, empty=empty)

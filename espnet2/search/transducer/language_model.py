"""A language model beside a transducer, whose hypotheses have different lengths."""
# Shapes: N prefixes, L labels, V vocabulary
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch

from espnet2.search.scorer import Scorer
from espnet2.search.transducer.prefix import Prefix


class RowOfState(NamedTuple):
    """The language model's state after one prefix: a row of the state of all that were judged with it."""

    state: Any
    row: int


class LanguageModel:
    """Judges prefixes by a scorer, one call for all that it can take together.

    Args:
        scorer: The language model.
        weight: Factor of its scores.
        sos: Id that it begins with, in place of the transducer's blank.
        device: Where its tokens are to be.
    """

    def __init__(self, scorer: Scorer, weight: float, sos: int, device: torch.device):
        self.scorer = scorer
        self.weight = weight
        self.sos = sos
        self.device = device
        self._start: tuple[np.ndarray, RowOfState] | None = None

    def judge(self, prefixes: Iterable[Prefix]) -> None:
        """Put the scores of the next label into all prefixes that have none yet."""
        new = list(dict.fromkeys(prefix for prefix in prefixes if prefix.lm_scores is None))
        for prefix in new:
            if prefix.lm_state_before is None:
                prefix.lm_scores, prefix.lm_state = self._at_start()
        longer = sorted((prefix for prefix in new if prefix.lm_state_before is not None), key=self._kind)
        for _, group in groupby(longer, key=self._kind):
            self._judge_together(list(group))

    def _kind(self, prefix: Prefix) -> int:
        """Prefixes of one kind go together."""
        return 0 if self.scorer.sees_last_token_only else len(prefix)

    def _at_start(self) -> tuple[np.ndarray, RowOfState]:
        """What the model says at the beginning of a sentence; always the same."""
        if self._start is None:
            nothing = torch.zeros(1, 1, 1, device=self.device)
            state = self.scorer.start(nothing, torch.ones(1, dtype=torch.int64, device=self.device))
            scores, state = self._score([(self.sos,)], state)
            self._start = scores[0], RowOfState(state, 0)
        return self._start

    def _judge_together(self, prefixes: list[Prefix]) -> None:
        prefixes.sort(key=_parents_state)
        states = [self._select(list(group)) for _, group in groupby(prefixes, key=_parents_state)]
        length = 1 if self.scorer.sees_last_token_only else len(prefixes[0])
        tokens = [self._tokens(prefix)[-length:] for prefix in prefixes]
        scores, state = self._score(tokens, self.scorer.join(states))
        for row, prefix in enumerate(prefixes):
            prefix.lm_scores, prefix.lm_state, prefix.lm_state_before = scores[row], RowOfState(state, row), None

    def _tokens(self, prefix: Prefix) -> tuple[int, ...]:
        return prefix.labels if self.scorer.sees_last_token_only else (self.sos, *prefix.all_labels[1:])

    def _score(self, tokens: Sequence[tuple[int, ...]], state: Any) -> tuple[np.ndarray, Any]:
        """Weighted scores of what follows: tokens (N, L) -> (N, V)."""
        scores, state = self.scorer.score(torch.tensor([tokens], device=self.device), state)
        return (self.weight * scores[0].float()).cpu().numpy(), state

    def _select(self, prefixes: Sequence[Prefix]) -> Any:
        """The state of prefixes whose parents were judged together."""
        rows = torch.tensor([[prefix.lm_state_before.row for prefix in prefixes]], device=self.device)
        labels = torch.tensor([[prefix.labels[-1] for prefix in prefixes]], device=self.device)
        return self.scorer.select(prefixes[0].lm_state_before.state, rows, labels)


def _parents_state(prefix: Prefix) -> int:
    return id(prefix.lm_state_before.state)

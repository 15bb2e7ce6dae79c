"""Label sequences as a tree, so that what a network said after a sequence is computed once.

A prefix holds its children, but not its parent: once no hypothesis stands on it or above it, it is gone, and memory
follows the beam without any housekeeping. A sequence that is alive has one object, so sequences are compared by identity.
"""
# Shapes: J joint size, S size of a state, V vocabulary
import heapq
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
from torch import Tensor


class Prefix:
    """A label sequence.

    Args:
        labels: Ids, blank first.
        state_before: The prediction network's state before the last label (S,).
        lm_state_before: The language model's; None before sos.

    Attributes:
        output: The prediction network's projected output (J,); None until it is computed.
        state: Its state after all labels (S,).
        lm_scores: The language model's weighted scores of the next label (V,); None until they are computed.
        lm_state: Its state after all labels.
    """

    __slots__ = ("_children", "labels", "lm_scores", "lm_state", "lm_state_before", "output", "state", "state_before")

    def __init__(self, labels: tuple[int, ...], state_before: Tensor, lm_state_before: Any = None):
        self.labels = labels
        self.state_before: Tensor | None = state_before
        self.lm_state_before = lm_state_before
        self.output: Tensor | None = None
        self.state: Tensor | None = None
        self.lm_scores: np.ndarray | None = None
        self.lm_state: Any = None
        self._children: dict[int, Prefix] = {}

    def __len__(self) -> int:
        return len(self.labels)

    def find(self, label: int) -> "Prefix | None":
        """The sequence with one label more, if there has been need of it."""
        return self._children.get(label)

    def child(self, label: int) -> "Prefix":
        """The sequence with one label more; this one must have been computed."""
        found = self.find(label)
        if found is None:
            assert self.state is not None
            found = self._children[label] = Prefix((*self.labels, label), self.state, self.lm_state)
        return found


class Scored(NamedTuple):
    """A hypothesis."""

    score: float
    prefix: Prefix

    def settle(self) -> "Scored":
        """Itself; an extension must be settled."""
        return self


class Extension(NamedTuple):
    """A hypothesis that has got a label, before it is known whether it survives."""

    score: float
    parent: Prefix
    label: int

    def exists_in(self, prefixes: set[Prefix]) -> bool:
        """Whether it is one of these sequences."""
        return self.parent.find(self.label) in prefixes

    def settle(self) -> Scored:
        """It survives: the hypothesis."""
        return Scored(self.score, self.parent.child(self.label))


AnyScored = TypeVar("AnyScored", bound="Scored | Extension")


def best_of(hypotheses: Iterable[AnyScored], number: int) -> list[AnyScored]:
    """The best hypotheses, best first."""
    return heapq.nlargest(number, hypotheses, key=attrgetter("score"))


def merge(hypotheses: Iterable[Scored]) -> list[Scored]:
    """Hypotheses of the same labels made one, with the sum of their probabilities."""
    totals: dict[Prefix, float] = {}
    for score, prefix in hypotheses:
        totals[prefix] = float(np.logaddexp(totals[prefix], score)) if prefix in totals else score
    return [Scored(score, prefix) for prefix, score in totals.items()]

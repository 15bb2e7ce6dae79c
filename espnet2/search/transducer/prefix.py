"""Label sequences as a tree, so that what a network said after a sequence is computed once.

A prefix holds its children, but not its parent: once no hypothesis stands on it or above it, it is gone, and memory
follows the beam without any housekeeping. A sequence that is alive has one object, so sequences are compared by identity.

While a hypothesis is alive, whatever was ever tried after it would be kept. So a search that goes on for long moves to a
new tree from time to time (``replant``), whose root is what all hypotheses have in common.
"""
# Shapes: J joint size, S size of a state, V vocabulary
import heapq
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
from torch import Tensor

# The frames in which the labels of a hypothesis were emitted, last one first, as a linked list: hypotheses share them.
Emissions = tuple[int, "Emissions"] | None


class Prefix:
    """A label sequence.

    Args:
        labels: Ids, blank first.
        state_before: The prediction network's state before the last label (S,).
        lm_state_before: The language model's; None before sos.
        history: Ids before ``labels``, the same ones for the whole tree.

    Attributes:
        was_asked: Whether a search has asked what comes next.
        output: The prediction network's projected output (J,); None until it is computed.
        state: Its state after all labels (S,).
        lm_scores: The language model's weighted scores of the next label (V,); None until they are computed.
        lm_state: Its state after all labels.
    """

    __slots__ = (
        "_children",
        "history",
        "labels",
        "lm_scores",
        "lm_state",
        "lm_state_before",
        "output",
        "state",
        "state_before",
        "was_asked",
    )

    def __init__(
        self,
        labels: tuple[int, ...],
        state_before: Tensor | None,
        lm_state_before: Any = None,
        history: tuple[int, ...] = (),
    ):
        self.labels = labels
        self.history = history
        self.was_asked = False
        self.state_before = state_before
        self.lm_state_before = lm_state_before
        self.output: Tensor | None = None
        self.state: Tensor | None = None
        self.lm_scores: np.ndarray | None = None
        self.lm_state: Any = None
        self._children: dict[int, Prefix] = {}

    def __len__(self) -> int:
        return len(self.history) + len(self.labels)

    @property
    def all_labels(self) -> tuple[int, ...]:
        """Ids from the very first blank on."""
        return self.history + self.labels

    @property
    def children(self) -> Iterator["Prefix"]:
        """The sequences with one label more that there has been need of."""
        return iter(self._children.values())

    def find(self, label: int) -> "Prefix | None":
        """The sequence with one label more, if there has been need of it."""
        return self._children.get(label)

    def child(self, label: int) -> "Prefix":
        """The sequence with one label more; this one must have been computed."""
        found = self.find(label)
        if found is None:
            assert self.state is not None
            found = self._children[label] = Prefix((*self.labels, label), self.state, self.lm_state, self.history)
        return found

    def copy(self, history: tuple[int, ...], children: Sequence["Prefix"]) -> "Prefix":
        """The same sequence in another tree.

        Args:
            history: That tree's; its new part is the beginning of this one's labels.
            children: What it is to be continued by, there.
        """
        labels = self.labels[len(history) - len(self.history) :]
        copied = Prefix(labels, self.state_before, self.lm_state_before, history)
        copied.output, copied.state = self.output, self.state
        copied.lm_scores, copied.lm_state = self.lm_scores, self.lm_state
        copied._children = {child.labels[-1]: child for child in children}
        return copied


class Scored(NamedTuple):
    """A hypothesis, and when its labels were emitted in its likeliest alignment."""

    score: float
    prefix: Prefix
    emissions: Emissions = None

    def settle(self) -> "Scored":
        """Itself; an extension must be settled."""
        return self


class Extension(NamedTuple):
    """A hypothesis that has got a label, before it is known whether it survives."""

    score: float
    parent: Prefix
    label: int
    emissions: Emissions

    def exists_in(self, prefixes: set[Prefix]) -> bool:
        """Whether it is one of these sequences."""
        return self.parent.find(self.label) in prefixes

    def settle(self) -> Scored:
        """It survives: the hypothesis."""
        return Scored(self.score, self.parent.child(self.label), self.emissions)


AnyScored = TypeVar("AnyScored", bound="Scored | Extension")


def best_of(hypotheses: Iterable[AnyScored], number: int) -> list[AnyScored]:
    """The best hypotheses, best first."""
    return heapq.nlargest(number, hypotheses, key=attrgetter("score"))


def merge(hypotheses: Iterable[Scored]) -> list[Scored]:
    """Hypotheses of the same labels made one, with the sum of their probabilities."""
    merged: dict[Prefix, Scored] = {}
    for hypothesis in hypotheses:
        other = merged.get(hypothesis.prefix)
        merged[hypothesis.prefix] = hypothesis if other is None else either(hypothesis, other)
    return list(merged.values())


def either(one: Scored, other: Scored) -> Scored:
    """One way or the other to the same labels, with the sum of their probabilities."""
    likelier = max(one, other, key=attrgetter("score"))
    return likelier._replace(score=float(np.logaddexp(one.score, other.score)))


def replant(hypotheses: Sequence[Scored]) -> list[Scored]:
    """The same hypotheses on a tree of their own.

    It holds them, what leads from one to another, and sequences after them that were asked about since the last time.
    What all of them have in common becomes history. The old tree stays as it is.
    """
    alive = {hypothesis.prefix for hypothesis in hypotheses}
    reached, seen = list(alive), set(alive)
    for prefix in reached:
        new = [child for child in prefix.children if child not in seen]
        seen.update(new)
        reached += new
    history = reached[0].history + reached[0].labels[: _num_shared([prefix.labels for prefix in alive])]
    copies: dict[Prefix, Prefix] = {}
    for prefix in sorted(reached, key=len, reverse=True):
        children = [copies[child] for child in prefix.children if child in copies]
        if children or prefix.was_asked or prefix in alive:
            copies[prefix] = prefix.copy(history, children)
    return [hypothesis._replace(prefix=copies[hypothesis.prefix]) for hypothesis in hypotheses]


def _num_shared(sequences: Sequence[tuple[int, ...]]) -> int:
    """Labels at the beginning that all have in common, as far as at least one label more is left of each."""
    least, most = min(sequences), max(sequences)
    shortest = min(len(labels) for labels in sequences)
    shared = next((n for n, (a, b) in enumerate(zip(least, most)) if a != b), shortest)
    return min(shared, shortest - 1)

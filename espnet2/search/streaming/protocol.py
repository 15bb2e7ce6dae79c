"""What a recogniser asks of a search that takes the speech piece by piece."""

# Shapes: s new frames, D model size
from typing import Protocol, TypeVar

from torch import Tensor

from espnet2.search.hypothesis import Hypothesis

State = TypeVar("State")


class StreamingSearch(Protocol[State]):
    """A search of one stream. All that belongs to the stream is in its state, so one search serves many streams."""

    weights: dict[str, float]

    def start(self) -> State:
        """The state before the first frame."""

    def advance(self, state: State, frames: Tensor, is_final: bool) -> tuple[State, list[Hypothesis]]:
        """Hear some frames more.

        Args:
            state: What the last call (or ``start``) gave; it stays as it is.
            frames: The encoder's new frames; there may be none.
            is_final: Whether these are the last ones of the utterance.

        Returns:
            The state, and the hypotheses so far, best first. The last frames give what the utterance is; before them it
            may still change.

        Shapes:
            frames (s, D)
        """

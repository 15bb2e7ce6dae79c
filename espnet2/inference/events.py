"""What a live recogniser tells: texts that still grow, and texts that are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from espnet2.search.hypothesis import Hypothesis, Word


@dataclass(frozen=True)
class Event:
    """A text has changed, or an utterance has ended.

    Attributes:
        kind: ``partial``: the utterance goes on and its text may change; ``final``: it has ended.
        text: Of the utterance so far; None if the recogniser has no tokenizer.
        tokens: Of the text.
        stable_text: The beginning of the text that is not expected to change; of a final event all of it.
        words: Words with their times on the stream; None if they were not asked for.
        start_seconds: Where the utterance begins on the stream.
        end_seconds: How far the stream has been searched.
        token_seconds: Where each token has been spoken, if words were asked for: the end of its frames.
    """

    kind: str
    text: str | None
    tokens: list[str]
    stable_text: str | None
    words: list[Word] | None
    start_seconds: float
    end_seconds: float
    token_seconds: list[float] | None = None


class StablePrefix:
    """How much of the best text will most likely stay.

    That is what all running hypotheses share, and what has stood at the same place for some blocks. Should the best text
    change within it nevertheless, the stable part is cut back.

    Args:
        num_blocks: For how many blocks.
    """

    def __init__(self, num_blocks: int = 3):
        self.num_blocks = num_blocks
        self._tokens: list[int] = []
        self._ages: list[int] = []  # for how many blocks each token has stood there

    def update(self, hypotheses: Sequence[Hypothesis]) -> int:
        """How many tokens of the best one are stable.

        Args:
            hypotheses: After the next block, best first; at least one.
        """
        texts = [hypothesis.tokens for hypothesis in hypotheses]
        kept = num_shared(self._tokens, texts[0])
        self._ages = [age + 1 for age in self._ages[:kept]] + [0] * (len(texts[0]) - kept)
        self._tokens = texts[0]
        agreed = min((num_shared(texts[0], text) for text in texts[1:]), default=0)
        return max(agreed, sum(age >= self.num_blocks for age in self._ages))


def num_shared(first: Sequence[Any], second: Sequence[Any]) -> int:
    """How many tokens two texts have in common from the start."""
    return next((n for n, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))

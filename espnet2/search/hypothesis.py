"""What a search gives: hypotheses with their scores."""
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

# A hypothesis of exp(-10) times the best one's probability is out of the race.
END_MARGIN = -10.0
END_LENGTHS = 3


BLANK = 0


@dataclass(frozen=True)
class Word:
    """A word of the transcript.

    Attributes:
        word: As it is written.
        start_seconds: Where it begins in the recording.
        end_seconds: Where it ends.
        confidence: Between 0 and 1.
    """

    word: str
    start_seconds: float
    end_seconds: float
    confidence: float


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One transcript.

    Attributes:
        yseq: Token ids from sos to eos (L,).
        score: Weighted sum of the scorers' scores.
        scores: Each scorer's own sum, without weight.
        has_eos: Whether the last id is eos. A transducer's sequences begin with blank and have no end.
        confidence: The share of this transcript in the probability of all that were found; None if it was not asked for.
        words: Words with their times; None if they were not asked for.
        frames: The encoder frame in which each of ``tokens`` was emitted; None if the search does not know.
    """

    yseq: Tensor
    score: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    has_eos: bool = True
    confidence: float | None = None
    words: Sequence[Word] | None = None
    frames: Sequence[int] | None = None

    @property
    def tokens(self) -> list[int]:
        """The ids of the transcript alone: without sos, eos and blank."""
        ids = self.yseq[1:-1] if self.has_eos else self.yseq[1:]
        return [token for token in ids.tolist() if token != BLANK]

    def asdict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return {"yseq": self.yseq.tolist(), "score": self.score, "scores": dict(self.scores)}

    @property
    def normalized_score(self) -> float:
        """Score per token, eos included; of a transducer per label, the blank at the beginning included."""
        return self.score / (len(self.yseq) - 1 if self.has_eos else len(self.yseq))


class EndedHypotheses:
    """The complete hypotheses of one utterance."""

    def __init__(self) -> None:
        self.hypotheses: list[Hypothesis] = []
        self._best_of_length: dict[int, float] = {}

    def add(self, hypothesis: Hypothesis) -> None:
        """Take a complete hypothesis."""
        self.hypotheses.append(hypothesis)
        length = len(hypothesis.yseq)
        self._best_of_length[length] = max(hypothesis.score, self._best_of_length.get(length, hypothesis.score))

    def is_over(self, step: int) -> bool:
        """Whether longer hypotheses have no chance: those of three lengths in a row lie far below the best of all.

        Watanabe et al., "Hybrid CTC/Attention Architecture for End-to-End Speech Recognition", 2017, section IV-B.

        Args:
            step: Number of the present step, from 0.
        """
        if not self.hypotheses:
            return False
        best = max(self._best_of_length.values())
        lengths = range(step, step - END_LENGTHS, -1)
        return all(self._best_of_length.get(length, best) - best < END_MARGIN for length in lengths)

    def ranked(self, normalize_length: bool) -> list[Hypothesis]:
        """Best first."""
        return rank(self.hypotheses, normalize_length)


def rank(hypotheses: Sequence[Hypothesis], normalize_length: bool = False) -> list[Hypothesis]:
    """Best first, by score or by score per token."""
    return sorted(hypotheses, key=lambda h: h.normalized_score if normalize_length else h.score, reverse=True)


def log_best(nbest: list[Hypothesis], weights: Mapping[str, float]) -> None:
    """Write the best hypothesis' scores in the documented lines."""
    if not nbest:
        logging.warning("there is no N-best result: no hypothesis ended; a larger maxlenratio may help")
        return
    best = nbest[0]
    for name, value in best.scores.items():
        logging.info(f"{value:6.2f} * {weights[name]:.4g} = {value * weights[name]:6.2f} for {name}")
    logging.info(f"total log probability: {best.score:.2f}")
    logging.info(f"normalized log probability: {best.normalized_score:.2f}")
    logging.info(f"total number of ended hypotheses: {len(nbest)}")

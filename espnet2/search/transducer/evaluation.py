"""All calls of networks: the questions of all utterances' searches are answered together."""
# Shapes: U utterances, T frames, N rows, D encoder size, J joint size, S size of a state, V vocabulary
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from espnet2.search.transducer.language_model import LanguageModel
from espnet2.search.transducer.prefix import Extension, Prefix, Scored


class Network(NamedTuple):
    """What a search needs of a transducer, as plain functions."""

    project: Callable[[Tensor], Tensor]  # encoded (..., D) -> (..., J)
    start: Callable[[int], Tensor]  # N -> (N, S)      states before blank
    step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # labels (N,), states (N, S) -> (N, J), (N, S)
    join: Callable[[Tensor, Tensor], Tensor]  # (..., J), (..., J) -> (..., V)  logits
    blank: int


class Query(NamedTuple):
    """What comes next after each of these prefixes, at each of these frames?"""

    frames: Sequence[int]
    prefixes: Sequence[Prefix]
    gets_labels: bool = True  # False: only blank's scores are of interest, which no language model gives


class Scores(NamedTuple):
    """The answer, row by row."""

    log_probs: np.ndarray  # (N, V)  of the transducer
    prefixes: Sequence[Prefix]
    frames: Sequence[int]  # counted from the utterance's start
    blank: int

    def of_label(self, row: int, label: int) -> float:
        """Log-probability of a label with the language model's share."""
        score = float(self.log_probs[row, label])
        lm_scores = self.prefixes[row].lm_scores
        return score if lm_scores is None or label == self.blank else score + float(lm_scores[label])

    def of_blank(self, row: int) -> float:
        """Log-probability of blank."""
        return float(self.log_probs[row, self.blank])

    def best(self, row: int, number: int) -> list[int]:
        """The likeliest labels by the transducer alone, in no particular order."""
        log_probs = self.log_probs[row].copy()
        log_probs[self.blank] = -np.inf
        return np.argpartition(-log_probs, number - 1)[:number].tolist()

    def near_best(self, row: int, number: int, margin: float) -> list[int]:
        """The likeliest labels or blank, as far as they are within a margin of the best one."""
        log_probs = self.log_probs[row]
        best = np.argpartition(-log_probs, number - 1)[:number]
        return best[log_probs[best] >= log_probs.max() - margin].tolist()

    def extensions(self, row: int, hypothesis: Scored, labels: Iterable[int]) -> list[Extension]:
        """A hypothesis with each of these labels."""
        score, prefix, emissions = hypothesis
        emissions = (self.frames[row], emissions)
        return [Extension(score + self.of_label(row, label), prefix, label, emissions) for label in labels]

    def num_labels(self, beam_size: int) -> int:
        """How many labels a hypothesis is extended by: the beam, or all that there are."""
        return min(beam_size, self.log_probs.shape[1] - 1)

    def with_blank(self, row: int, hypothesis: Scored) -> Scored:
        """A hypothesis, done with the frame."""
        return hypothesis._replace(score=hypothesis.score + self.of_blank(row))


class Evaluator:
    """Answers queries.

    Args:
        network: The transducer.
        lm: The language model, if there is one.
        encoded: Encoder output.
        first_frames: How many frames came before it, of each utterance; none if not given.

    Shapes:
        encoded (U, T, D)
    """

    def __init__(
        self, network: Network, lm: LanguageModel | None, encoded: Tensor, first_frames: Sequence[int] | None = None
    ):
        self.network = network
        self.lm = lm
        self.first_frames = first_frames or [0] * len(encoded)
        self.frames = network.project(encoded)  # (U, T, J)

    def __call__(self, queries: Mapping[int, Query]) -> dict[int, Scores]:
        """Answer the queries of some utterances, by their numbers."""
        predict(self.network, (prefix for query in queries.values() for prefix in query.prefixes))
        if self.lm is not None:
            self.lm.judge(prefix for query in queries.values() if query.gets_labels for prefix in query.prefixes)
        utterances = [number for number, query in queries.items() for _ in query.prefixes]
        frames = [frame for query in queries.values() for frame in query.frames]
        outputs = [prefix.output for query in queries.values() for prefix in query.prefixes]
        logits = self.network.join(self.frames[utterances, frames], torch.stack(outputs))  # type: ignore[arg-type]
        log_probs = logits.float().log_softmax(1).cpu().numpy()  # (N, V)
        ends = np.cumsum([len(query.prefixes) for query in queries.values()])
        rows = np.split(log_probs, ends[:-1])
        return {
            number: Scores(part, query.prefixes, self._since_start(number, query.frames), self.network.blank)
            for (number, query), part in zip(queries.items(), rows)
        }

    def _since_start(self, number: int, frames: Sequence[int]) -> list[int]:
        return [self.first_frames[number] + frame for frame in frames]


def predict(network: Network, prefixes: Iterable[Prefix]) -> None:
    """One step of the prediction network for all prefixes that are new."""
    asked = dict.fromkeys(prefixes)
    for prefix in asked:
        prefix.was_asked = True
    new = [prefix for prefix in asked if prefix.output is None]
    if not new:
        return
    before = torch.stack([prefix.state_before for prefix in new])  # type: ignore[misc]
    labels = torch.tensor([prefix.labels[-1] for prefix in new], device=before.device)
    outputs, states = network.step(labels, before)
    for prefix, output, state in zip(new, outputs.unbind(), states.unbind()):
        prefix.output, prefix.state, prefix.state_before = output, state, None

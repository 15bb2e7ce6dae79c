"""A transducer's search over several utterances.

Each utterance is searched by a generator that asks for scores and is sent the answers. All of them run side by side, so
what they ask for is answered by one call of each network, however many utterances and hypotheses there are, and each
search still reads like its paper.
"""
# Shapes: U utterances, T frames, D encoder size
from collections.abc import Callable, Generator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.search.hypothesis import Hypothesis
from espnet2.search.transducer.alignment_length import alignment_length
from espnet2.search.transducer.best_first import best_first
from espnet2.search.transducer.evaluation import Evaluator, Network, Query, Scores
from espnet2.search.transducer.greedy import greedy
from espnet2.search.transducer.language_model import LanguageModel
from espnet2.search.transducer.n_step import adaptive_expansion, n_step_constrained
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import Prefix, Scored
from espnet2.search.transducer.time_synchronous import time_synchronous

Answering = Generator[Query, Scores, list[Scored]]
ALGORITHMS: Mapping[str, Callable[[int, list[Scored], int, TransducerOptions], Answering]] = {
    "default": best_first,
    "tsd": time_synchronous,
    "alsd": alignment_length,
    "nsc": n_step_constrained,
    "maes": adaptive_expansion,
}


class BeamState(NamedTuple):
    """How far the search of one utterance has come."""

    kept: list[Scored]
    num_frames: int = 0


class TransducerSearch:
    """Find the best label sequences.

    Args:
        network: The transducer.
        beam_size: Hypotheses kept of each utterance; 1: greedy, without language model.
        options: The kind of search and its numbers.
        lm: The language model, if there is one.
        nbest: Results of each utterance at most, unless the options say it.

    Attributes:
        weights: Of the scorers whose scores stand in a hypothesis: none.
    """

    def __init__(
        self,
        network: Network,
        beam_size: int,
        options: TransducerOptions,
        lm: LanguageModel | None = None,
        nbest: int = 1,
    ):
        self.network = network
        self.beam_size = beam_size
        self.options = options
        self.lm = lm
        self.nbest = nbest if options.nbest is None else options.nbest
        self.weights: dict[str, float] = {}

    def start(self) -> BeamState:
        """The search of an utterance of which nothing has been heard."""
        return BeamState([Scored(0.0, Prefix((self.network.blank,), self.network.start(1)[0]))])

    @torch.no_grad()
    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Search all utterances.

        Args:
            encoded: Encoder output.
            lengths: Its frames.
            maxlenratio: Without effect: the frames limit the labels.
            minlenratio: Without effect.

        Returns:
            Hypotheses of each utterance, best first.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        states = self.go_on([self.start() for _ in encoded], encoded, lengths)
        return [self.results(state) for state in states]

    def go_on(self, states: Sequence[BeamState], encoded: Tensor, lengths: Tensor) -> list[BeamState]:
        """Search some more frames of each utterance, at least one; ``states`` stay as they are.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        first_frames = [state.num_frames for state in states]
        if self.beam_size <= 1:
            kept = [state.kept[0] for state in states]
            found = [[best] for best in greedy(self.network, encoded, lengths, kept, first_frames)]
        else:
            evaluator = Evaluator(self.network, self.lm, encoded, first_frames)
            algorithm = ALGORITHMS[self.options.search_type]
            searches = [
                algorithm(num_frames, state.kept, self.beam_size, self.options)
                for num_frames, state in zip(lengths.tolist(), states)
            ]
            found = run_together(searches, evaluator)
        ends = [first + number for first, number in zip(first_frames, lengths.tolist())]
        return [BeamState(kept, end) for kept, end in zip(found, ends)]

    def results(self, state: BeamState) -> list[Hypothesis]:
        """The best hypotheses, each label sequence once, best first."""
        best: dict[Prefix, Scored] = {}
        for hypothesis in state.kept:
            other = best.get(hypothesis.prefix, hypothesis)
            best[hypothesis.prefix] = max(other, hypothesis, key=attrgetter("score"))
        ranked = sorted(best.values(), key=self._rank, reverse=True)
        return [_hypothesis(found) for found in ranked[: self.nbest]]

    def _rank(self, hypothesis: Scored) -> float:
        return hypothesis.score / len(hypothesis.prefix) if self.options.score_norm else hypothesis.score


def run_together(
    searches: list[Answering], answer: Callable[[Mapping[int, Query]], Mapping[int, Scores]]
) -> list[list[Scored]]:
    """Run searches side by side.

    Args:
        searches: One of each utterance.
        answer: Answers queries by the numbers of their utterances.

    Returns:
        What each search found.
    """
    results: list[list[Scored]] = [[] for _ in searches]
    queries = {number: next(search) for number, search in enumerate(searches)}
    while queries:
        answers = answer(queries)
        queries = {}
        for number, scores in answers.items():
            try:
                queries[number] = searches[number].send(scores)
            except StopIteration as finished:
                results[number] = finished.value
    return results


def _hypothesis(found: Scored) -> Hypothesis:
    frames, emissions = [], found.emissions
    while emissions is not None:
        frame, emissions = emissions
        frames.append(frame)
    labels = torch.tensor(found.prefix.all_labels)
    return Hypothesis(labels, found.score, has_eos=False, frames=frames[::-1])

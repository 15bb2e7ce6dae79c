"""A transducer's search over several utterances.

Each utterance is searched by a generator that asks for scores and is sent the answers. All of them run side by side, so
what they ask for is answered by one call of each network, however many utterances and hypotheses there are, and each
search still reads like its paper.
"""
# Shapes: U utterances, T frames, D encoder size
from collections.abc import Callable, Generator, Mapping

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
        if self.beam_size <= 1:
            return [[_hypothesis(labels, score)] for labels, score in greedy(self.network, encoded, lengths)]
        evaluator = Evaluator(self.network, self.lm, encoded)
        search = ALGORITHMS[self.options.search_type]
        searches = [
            search(num_frames, [Scored(0.0, evaluator.root())], self.beam_size, self.options)
            for num_frames in lengths.tolist()
        ]
        return [self._ranked(found) for found in run_together(searches, evaluator)]

    def _ranked(self, found: list[Scored]) -> list[Hypothesis]:
        """The best hypotheses, each label sequence once."""
        best: dict[Prefix, float] = {}
        for score, prefix in found:
            best[prefix] = max(score, best.get(prefix, score))
        hypotheses = [_hypothesis(list(prefix.labels), score) for prefix, score in best.items()]
        hypotheses.sort(key=lambda h: h.normalized_score if self.options.score_norm else h.score, reverse=True)
        return hypotheses[: self.nbest]


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


def _hypothesis(labels: list[int], score: float) -> Hypothesis:
    return Hypothesis(torch.tensor(labels), score, has_eos=False)

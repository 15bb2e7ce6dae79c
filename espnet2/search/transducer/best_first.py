"""Best-first search: the likeliest hypothesis is always the next to be extended.

Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, section 2.6, https://arxiv.org/abs/1211.3711,
without its sum over prefixes: a score is that of one alignment.
"""
import heapq
from bisect import bisect_right, insort
from collections.abc import Generator
from itertools import count

from espnet2.search.transducer.evaluation import Query, Scores
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import Extension, Prefix, Scored, best_of

# Extensions that are computed along with the best one, as they are likely to be next.
LOOK_AHEAD = 4
# A network that hardly ever gives blank, as before training, would be followed for ever: this often in a frame at most,
# in multiples of the beam. The search of a trained one stops far earlier.
MOST_EXPANSIONS = 100


def best_first(
    num_frames: int, kept: list[Scored], beam_size: int, options: TransducerOptions
) -> Generator[Query, Scores, list[Scored]]:
    """Search one utterance.

    Args:
        num_frames: T.
        kept: The empty hypothesis.
        beam_size: Hypotheses that must be done with a frame, and better than any that is not, before the next frame.
        options: None of them matters here.
    """
    for frame in range(num_frames):
        kept = yield from _frame(frame, kept, beam_size)
    return kept


def _frame(frame: int, kept: list[Scored], beam_size: int) -> Generator[Query, Scores, list[Scored]]:
    """All hypotheses that are done with the frame and beat those that are not."""
    queue = _Queue()
    for hypothesis in kept:
        queue.push(hypothesis)
    done: list[Scored] = []
    done_scores: list[float] = []  # in order
    look_ahead = len(kept)
    while len(done) - bisect_right(done_scores, queue.best_score()) < beam_size:
        if len(done) == MOST_EXPANSIONS * beam_size:
            return best_of(done, beam_size)
        if not queue.knows_best():
            prefixes = queue.unknown(look_ahead)
            queue.learn(prefixes, (yield Query([frame] * len(prefixes), prefixes)))
            look_ahead = LOOK_AHEAD
        hypothesis = queue.pop()
        scores, row = queue.known[hypothesis.prefix]
        done.append(scores.with_blank(row, hypothesis))
        insort(done_scores, done[-1].score)
        labels = scores.best(row, scores.num_labels(beam_size))
        for extension in scores.extensions(row, hypothesis, labels):
            queue.push(extension)
    return [hypothesis for hypothesis in done if hypothesis.score > queue.best_score()]


class _Queue:
    """Hypotheses that are not done with the frame, best first.

    Attributes:
        known: What was answered of a prefix, and in which row.
    """

    def __init__(self) -> None:
        self.known: dict[Prefix, tuple[Scores, int]] = {}
        self._heap: list[tuple[float, int, Scored | Extension]] = []
        self._numbers = count()  # earlier first among equals

    def push(self, hypothesis: Scored | Extension) -> None:
        heapq.heappush(self._heap, (-hypothesis.score, next(self._numbers), hypothesis))

    def pop(self) -> Scored:
        return heapq.heappop(self._heap)[2].settle()

    def best_score(self) -> float:
        return -self._heap[0][0]

    def knows_best(self) -> bool:
        return self._heap[0][2].settle().prefix in self.known

    def unknown(self, number: int) -> list[Prefix]:
        """The best prefixes that nothing is known of, among the best ``number`` hypotheses."""
        best = (item.settle().prefix for _, _, item in heapq.nsmallest(number, self._heap))
        return [prefix for prefix in dict.fromkeys(best) if prefix not in self.known]

    def learn(self, prefixes: list[Prefix], scores: Scores) -> None:
        self.known.update((prefix, (scores, row)) for row, prefix in enumerate(prefixes))


"""Time-synchronous decoding (tsd): all hypotheses stand at the same frame.

Saon, Tueske, Audhkhasi, "Alignment-length synchronous decoding for RNN transducer", 2020, algorithm 1,
https://doi.org/10.1109/ICASSP40776.2020.9053040
"""
from collections.abc import Generator

from espnet2.search.transducer.evaluation import Query, Scores
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import Extension, Scored, best_of, merge


def time_synchronous(
    num_frames: int, kept: list[Scored], beam_size: int, options: TransducerOptions
) -> Generator[Query, Scores, list[Scored]]:
    """Search one utterance. A score is the sum over all alignments that were followed.

    Args:
        num_frames: T.
        kept: The empty hypothesis.
        beam_size: Hypotheses kept.
        options: ``max_sym_exp``.
    """
    for frame in range(num_frames):
        done: list[Scored] = []
        running = kept
        for rounds_left in reversed(range(options.max_sym_exp)):
            prefixes = [hypothesis.prefix for hypothesis in running]
            scores = yield Query([frame] * len(running), prefixes, gets_labels=rounds_left > 0)
            done += [scores.with_blank(row, hypothesis) for row, hypothesis in enumerate(running)]
            if rounds_left > 0:
                extensions: list[Extension] = []
                for row, hypothesis in enumerate(running):
                    labels = scores.best(row, scores.num_labels(beam_size))
                    extensions += scores.extensions(row, hypothesis, labels)
                running = [best.settle() for best in best_of(extensions, beam_size)]
        kept = best_of(merge(done), beam_size)
    return kept

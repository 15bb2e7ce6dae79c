"""Alignment-length synchronous decoding (alsd): all hypotheses have taken the same number of steps, blank or label.

Saon, Tueske, Audhkhasi, "Alignment-length synchronous decoding for RNN transducer", 2020, algorithm 2,
https://doi.org/10.1109/ICASSP40776.2020.9053040
"""
from collections.abc import Generator

from espnet2.search.transducer.evaluation import Query, Scores
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import Extension, Scored, best_of, merge


def alignment_length(
    num_frames: int, kept: list[Scored], beam_size: int, options: TransducerOptions
) -> Generator[Query, Scores, list[Scored]]:
    """Search one utterance.

    Args:
        num_frames: T.
        kept: The empty hypothesis.
        beam_size: Hypotheses kept.
        options: ``u_max``.

    Returns:
        The hypotheses that have read all frames; if there are none, those that came farthest.
    """
    final: list[Scored] = []
    for step in range(num_frames + min(options.u_max, num_frames - 1)):
        # A hypothesis of u labels has read the rest of its steps; one that has read all is final.
        frames = {hypothesis.prefix: step - (len(hypothesis.prefix) - 1) for hypothesis in kept}
        running = [hypothesis for hypothesis in kept if frames[hypothesis.prefix] < num_frames]
        if not running:
            break
        prefixes = [hypothesis.prefix for hypothesis in running]
        scores = yield Query([frames[prefix] for prefix in prefixes], prefixes)
        candidates: list[Scored | Extension] = []
        for row, hypothesis in enumerate(running):
            after_blank = scores.with_blank(row, hypothesis)
            if frames[hypothesis.prefix] == num_frames - 1:
                final.append(after_blank)
            labels = scores.best(row, scores.num_labels(beam_size))
            candidates += [after_blank, *scores.extensions(row, hypothesis, labels)]
        kept = merge(best.settle() for best in best_of(candidates, beam_size))
    return final or kept

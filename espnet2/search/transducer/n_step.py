"""N-step constrained search (nsc) and modified adaptive expansion (maes): at most N labels in a frame.

Kim et al., "Accelerating RNN transducer inference via one-step constrained beam search", 2020,
https://arxiv.org/abs/2002.03577; Kim, Lee, Ha, Kim, "Accelerating RNN transducer inference via adaptive expansion
search", 2020, https://doi.org/10.1109/LSP.2020.3036335

Where a hypothesis continues another one of the beam, the probability of getting there within the frame is added first
(prefix search).
"""
from collections.abc import Callable, Generator, Sequence

import numpy as np

from espnet2.search.transducer.evaluation import Query, Scores
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import Extension, Prefix, Scored, best_of, either

# From hypotheses and the scores of what comes next to those that are done with the frame, and those with a label more.
Expand = Callable[[Sequence[Scored], Scores], tuple[list[Scored], list[Extension]]]
LEAST_ADAPTIVE_STEPS = 2


def n_step_constrained(
    num_frames: int, kept: list[Scored], beam_size: int, options: TransducerOptions
) -> Generator[Query, Scores, list[Scored]]:
    """Search one utterance by nsc: every hypothesis gets a blank, and the best extensions of all get a label.

    Args:
        num_frames: T.
        kept: The empty hypothesis.
        beam_size: Hypotheses kept.
        options: ``nstep`` and ``prefix_alpha``.
    """

    def expand(running: Sequence[Scored], scores: Scores) -> tuple[list[Scored], list[Extension]]:
        done, extensions = [], []
        for row, hypothesis in enumerate(running):
            done.append(scores.with_blank(row, hypothesis))
            extensions += scores.extensions(row, hypothesis, scores.best(row, scores.num_labels(beam_size)))
        return done, extensions

    return (yield from _search(num_frames, kept, beam_size, options.nstep, options.prefix_alpha, expand, beam_size))


def adaptive_expansion(
    num_frames: int, kept: list[Scored], beam_size: int, options: TransducerOptions
) -> Generator[Query, Scores, list[Scored]]:
    """Search one utterance by maes: a hypothesis gets only such labels or blank as come near its best one.

    Args:
        num_frames: T.
        kept: The empty hypothesis.
        beam_size: Hypotheses kept.
        options: ``nstep``, ``prefix_alpha``, ``expansion_beta`` and ``expansion_gamma``.
    """

    def expand(running: Sequence[Scored], scores: Scores) -> tuple[list[Scored], list[Extension]]:
        done: list[Scored] = []
        extensions: list[Extension] = []
        for row, hypothesis in enumerate(running):
            near = scores.near_best(row, beam_size + options.expansion_beta, options.expansion_gamma)
            if scores.blank in near:
                done.append(scores.with_blank(row, hypothesis))
            extensions += scores.extensions(row, hypothesis, (label for label in near if label != scores.blank))
        return done, extensions

    num_steps = max(LEAST_ADAPTIVE_STEPS, options.nstep)
    return (yield from _search(num_frames, kept, beam_size, num_steps, options.prefix_alpha, expand, None))


def _search(
    num_frames: int,
    kept: list[Scored],
    beam_size: int,
    num_steps: int,
    prefix_alpha: int,
    expand: Expand,
    most_extensions: int | None,
) -> Generator[Query, Scores, list[Scored]]:
    """What both searches have in common: expand ``num_steps`` times in each frame, keeping ``most_extensions``."""
    for frame in range(num_frames):
        begun, scores = yield from _join_prefixes(frame, kept, prefix_alpha)
        before = {hypothesis.prefix for hypothesis in begun}
        running, done = begun, []
        for step in range(num_steps):
            if step > 0:
                prefixes = [hypothesis.prefix for hypothesis in running]
                scores = yield Query([frame] * len(running), prefixes)
            after_blank, extensions = expand(running, scores)
            done += after_blank
            # What was in the beam already has got its share of this by the prefix search. What is worse than a whole
            # beam of finished hypotheses never comes back, for scores only fall.
            floor = _floor(done, beam_size)
            new = [item for item in extensions if item.score > floor and not item.exists_in(before)]
            running = [best.settle() for best in best_of(new, most_extensions or len(new))]
            if not running:
                break
        if running and num_steps > 1:
            prefixes = [hypothesis.prefix for hypothesis in running]
            scores = yield Query([frame] * len(running), prefixes, gets_labels=False)
            running = [scores.with_blank(row, hypothesis) for row, hypothesis in enumerate(running)]
        kept = best_of([*done, *running], beam_size)
    return kept


def _floor(done: list[Scored], beam_size: int) -> float:
    """The score that a hypothesis must have to be among the best."""
    return best_of(done, beam_size)[-1].score if len(done) >= beam_size else -np.inf


def _join_prefixes(
    frame: int, kept: list[Scored], prefix_alpha: int
) -> Generator[Query, Scores, tuple[list[Scored], Scores]]:
    """Add to each hypothesis the probability of reaching it in this frame from a shorter one of the beam.

    Returns:
        The hypotheses, and what comes next after each of them.
    """
    kept = sorted(kept, key=lambda hypothesis: len(hypothesis.prefix), reverse=True)
    paths = [
        (number, shorter, _path(shorter.prefix, longer.prefix))
        for number, longer in enumerate(kept)
        for shorter in kept[number + 1 :]
        if _continues(longer.prefix, shorter.prefix, prefix_alpha)
    ]
    between = [prefix for _, _, path in paths for prefix, _ in path]
    prefixes = list(dict.fromkeys([hypothesis.prefix for hypothesis in kept] + between))
    scores = yield Query([frame] * len(prefixes), prefixes)
    rows = {prefix: row for row, prefix in enumerate(prefixes)}
    joined = list(kept)
    for number, shorter, path in paths:
        score, emissions = shorter.score, shorter.emissions
        for prefix, label in path:
            score, emissions = score + scores.of_label(rows[prefix], label), (scores.frames[0], emissions)
        joined[number] = either(joined[number], Scored(score, joined[number].prefix, emissions))
    return joined, scores


def _continues(longer: Prefix, shorter: Prefix, most_labels: int) -> bool:
    num_more = len(longer) - len(shorter)
    return 0 < num_more <= most_labels and longer.labels[: len(shorter.labels)] == shorter.labels


def _path(start: Prefix, end: Prefix) -> list[tuple[Prefix, int]]:
    """The prefixes from one to the other, the latter left out, each with the label that leads on."""
    path, now = [], start
    for label in end.labels[len(start.labels) :]:
        path.append((now, label))
        on_the_way = now.find(label)
        assert on_the_way is not None  # it was passed when ``end`` was made
        now = on_the_way
    return path

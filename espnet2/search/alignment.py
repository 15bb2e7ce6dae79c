"""Where in the speech each token is: the likeliest CTC path that spells a given text.

The path is found by ``torchaudio.functional.forced_align`` and not by the ctc-segmentation package: torchaudio is needed
anyway, its search is compiled C++ (and CUDA), while the package needs a compiler where it has no wheel, and its result is
the exact best path. What the package adds, text that covers only parts of a recording, is had by a star: a token that
stands for whatever is not in the text. It is a trifle likelier than blank, or less likely than the frame's best token, so
that it takes no frame from a text that fits. (Not just as likely: of two equally good ways forced_align takes a third.)

Graves et al., "Connectionist Temporal Classification", 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf;
Pratap et al., "Scaling Speech Technology to 1,000+ Languages", 2023, https://arxiv.org/abs/2305.13516 (star)
"""
# Shapes: T frames, V vocabulary, L tokens
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

BLANK = 0
# The search keeps a byte per frame and state; of more cells than this, texts are aligned part by part.
MAX_CELLS = 500_000_000
STAR_COST = 0.5
TRIFLE = 0.01
FIT = 0.95  # a part that ends beyond this share of its frames may not have fitted into them


class TokenSpan(NamedTuple):
    """The frames of a token."""

    token: int
    start_frame: int
    end_frame: int  # the first one that is not its own
    log_prob: float  # mean over its frames


class TextSpan(NamedTuple):
    """The frames of a piece of text, from the first frame of its first token to the last one of its last."""

    start_frame: int
    end_frame: int
    log_probs: Tensor  # (end - start,)  of the path


class TooFewFramesError(ValueError):
    """The speech has fewer frames than the text needs."""


def num_frames_needed(tokens: Sequence[int]) -> int:
    """The fewest frames of a text: one per token, and a blank between equal ones."""
    return len(tokens) + sum(a == b for a, b in itertools.pairwise(tokens))


def align(log_probs: Tensor, tokens: Sequence[int], blank: int = BLANK) -> list[TokenSpan]:
    """Find the frames of each token.

    Args:
        log_probs: CTC log-probabilities.
        tokens: The text; no blanks.
        blank: Id of blank.
    Raises:
        TooFewFramesError: If the text does not fit.

    Shapes:
        log_probs (T, V)
    """
    if not tokens:
        return []
    path, scores = best_path(log_probs, tokens, blank)
    return _spans(path, scores, blank)


def align_texts(
    log_probs: Tensor, texts: Sequence[Sequence[int]], has_gaps: bool = False, blank: int = BLANK
) -> list[TextSpan]:
    """Find the frames of pieces of text that follow one another in a recording.

    Before the first one and after the last one may be anything. Where the table of the search would be too large, some
    pieces are aligned at a time, in twice the frames that they need on average.

    Args:
        log_probs: CTC log-probabilities of the whole recording.
        texts: Tokens of the pieces, none empty.
        has_gaps: Whether anything may be between the pieces, too, not just silence.
        blank: Id of blank.
    Raises:
        TooFewFramesError: If the texts do not fit.

    Shapes:
        log_probs (T, V)
    """
    num_frames, done = len(log_probs), 0
    spans: list[TextSpan] = []
    while done < len(texts):
        first = spans[-1].end_frame if spans else 0
        sizes = [num_frames_needed(text) + 1 for text in texts[done:]]
        num_texts = _fitting(sizes, num_frames - first)
        while True:
            last = num_frames
            if num_texts < len(sizes):
                share = sum(sizes[:num_texts]) / sum(sizes)
                last = min(num_frames, first + max(100, int(2 * share * (num_frames - first))))
            part = texts[done : done + num_texts]
            found = _align_part(log_probs[first:last], part, has_gaps, blank)
            if last == num_frames or found[-1].end_frame < FIT * (last - first) or num_texts == 1:
                break
            num_texts = (num_texts + 1) // 2
        spans += [TextSpan(first + span.start_frame, first + span.end_frame, span.log_probs) for span in found]
        done += num_texts
    return spans


def _fitting(sizes: Sequence[int], num_frames: int) -> int:
    """How many pieces of text may be aligned at a time; at least one."""
    total = sum(sizes)
    if 2 * total * num_frames <= MAX_CELLS:
        return len(sizes)
    tokens = (MAX_CELLS * total / (4 * num_frames)) ** 0.5  # in 2 * num_frames / total frames each
    sums = itertools.accumulate(sizes)
    return max(1, sum(size <= tokens for size in sums))


def _align_part(
    log_probs: Tensor, texts: Sequence[Sequence[int]], has_gaps: bool, blank: int
) -> list[TextSpan]:
    """One search over all texts, with a frame more on both sides that the stars may have."""
    star = log_probs.size(1)
    whatever = torch.maximum(log_probs[:, blank] + TRIFLE, log_probs.amax(1) - STAR_COST)
    extended = torch.cat([log_probs, whatever.unsqueeze(1)], 1)  # (T, V + 1)
    edge = extended.new_full((1, star + 1), -1e4)
    edge[0, star] = 0.0
    tokens = [star]
    for number, text in enumerate(texts):
        if number and has_gaps:
            tokens.append(star)
        tokens += text
    path, scores = best_path(torch.cat([edge, extended, edge]), [*tokens, star], blank)
    spans = iter([span for span in _spans(path, scores, blank) if span.token != star])
    found = []
    for text in texts:
        own = [next(spans) for _ in text]
        start, end = own[0].start_frame, own[-1].end_frame
        found.append(TextSpan(start - 1, end - 1, scores[start:end]))
    return found


def best_path(log_probs: Tensor, tokens: Sequence[int], blank: int = BLANK) -> tuple[Tensor, Tensor]:
    """The token of each frame, and its log-probability.

    Raises:
        TooFewFramesError: If the text does not fit.

    Shapes:
        log_probs (T, V) -> (T,), (T,)
    """
    needed = num_frames_needed(tokens)
    if needed > len(log_probs):
        raise TooFewFramesError(f"{len(tokens)} tokens need {needed} frames, but the speech has {len(log_probs)}")
    from torchaudio.functional import forced_align

    targets = torch.tensor([tokens], device=log_probs.device)
    path, scores = forced_align(log_probs.float().unsqueeze(0).contiguous(), targets, blank=blank)
    return path[0], scores[0]


def _spans(path: Tensor, scores: Tensor, blank: int) -> list[TokenSpan]:
    """Runs of equal tokens in a path: (T,), (T,)."""
    tokens, counts = path.unique_consecutive(return_counts=True)
    ends = counts.cumsum(0)
    sums = torch.nn.functional.pad(scores.double().cumsum(0), (1, 0))
    means = (sums[ends] - sums[ends - counts]) / counts
    runs = zip(tokens.tolist(), (ends - counts).tolist(), ends.tolist(), means.tolist())
    return [TokenSpan(*run) for run in runs if run[0] != blank]

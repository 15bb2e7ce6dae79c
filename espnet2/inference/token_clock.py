"""When the tokens of a growing text were spoken.

The text is aligned with CTC, but only its end: tokens that are stable keep their frames once these lie some way back, and
the speech before is forgotten. So a block costs the same however long the utterance has become.
"""

# Shapes: s new frames, V vocabulary
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.inference.events import num_shared
from espnet2.search.alignment import TokenSpan, TooFewFramesError, align
from espnet2.search.hypothesis import Hypothesis

MARGIN_FRAMES = 8  # so far must a token lie back before its frames are settled
KEPT_FRAMES = 100  # in silence; a token may be found some blocks after it was spoken
UNKNOWN = -100.0  # log-probability of a token that has no frames


class TokenClock:
    """The frames of one utterance's tokens."""

    def __init__(self) -> None:
        self._settled: list[TokenSpan] = []
        self._log_probs: list[Tensor] = []  # of the frames after the settled ones
        self._first = 0  # of these frames
        self._end = 0

    def hear(self, log_probs: Tensor) -> None:
        """Take the next frames: (s, V)."""
        self._log_probs.append(log_probs)
        self._end += len(log_probs)

    def spans(self, tokens: Sequence[int], num_stable: int) -> list[TokenSpan]:
        """The frames of all tokens of the text, in order.

        Args:
            tokens: The best text.
            num_stable: How many of its tokens are expected to stay.
        """
        shared = num_shared([span.token for span in self._settled], tokens)
        del self._settled[shared:]
        rest = tokens[shared:]
        self._log_probs = [torch.cat(self._log_probs)]
        if not rest:
            self._forget(self._end - KEPT_FRAMES)
            return list(self._settled)
        try:
            found = align(self._log_probs[0], rest)
        except TooFewFramesError:
            return self._settled + self._spread(rest)
        spans = self._settled + [
            span._replace(start_frame=self._first + span.start_frame, end_frame=self._first + span.end_frame)
            for span in found
        ]
        self._settle(spans, num_stable)
        return spans

    def _settle(self, spans: Sequence[TokenSpan], num_stable: int) -> None:
        """Keep the frames of stable tokens, and forget the speech up to there."""
        settled = [span for span in spans[:num_stable] if span.end_frame <= self._end - MARGIN_FRAMES]
        if len(settled) > len(self._settled):
            self._settled = settled
            self._forget(settled[-1].end_frame)

    def _forget(self, frame: int) -> None:
        """Drop the frames before this one."""
        if frame > self._first:
            self._log_probs = [self._log_probs[0][frame - self._first :].clone()]
            self._first = frame

    def _spread(self, tokens: Sequence[int]) -> list[TokenSpan]:
        """Tokens for which CTC has too few frames: each has its share of them."""
        edges = [self._first + (self._end - self._first) * n // len(tokens) for n in range(len(tokens) + 1)]
        return [TokenSpan(token, a, b, UNKNOWN) for token, a, b in zip(tokens, edges, edges[1:])]


def emitted(hypothesis: Hypothesis) -> list[TokenSpan]:
    """The frames in which a transducer has emitted its tokens, which is somewhat later than they were spoken.

    Of their probabilities only the mean is known.
    """
    tokens = hypothesis.tokens
    mean = min(0.0, hypothesis.score / max(1, len(tokens)))
    return [TokenSpan(token, frame, frame + 1, mean) for token, frame in zip(tokens, hypothesis.frames or ())]

"""Words of a transcript with their times and how sure they are, and how sure a transcript is among others.

A word lies where the likeliest CTC path of the transcript has its tokens. CTC is peaky: a token's frames are where it is
recognised, and may be shorter than its sound.
"""
# Shapes: T frames, V vocabulary
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from espnet2.search.alignment import TokenSpan, TooFewFramesError, align
from espnet2.search.hypothesis import Hypothesis, Word

SPACE = "<space>"
WORD_START = "\N{LOWER ONE EIGHTH BLOCK}"  # sentencepiece's mark


def with_words(
    hypothesis: Hypothesis,
    log_probs: Tensor,
    duration_seconds: float,
    token_list: Sequence[str],
    token_type: str | None,
    start_seconds: float = 0.0,
) -> Hypothesis:
    """The hypothesis with its words; without any if it has more tokens than CTC can put into the frames.

    Args:
        hypothesis: A transcript.
        log_probs: CTC log-probabilities of the utterance.
        duration_seconds: Length of the utterance.
        token_list: All tokens.
        token_type: Their unit; without one, each token is a word.
        start_seconds: Where the utterance begins in the recording.

    Shapes:
        log_probs (T, V)
    """
    try:
        spans = align(log_probs, hypothesis.tokens)
    except TooFewFramesError:
        return replace(hypothesis, words=None)
    seconds = duration_seconds / max(len(log_probs), 1)
    words = words_of(spans, seconds, token_list, token_type, start_seconds)
    return replace(hypothesis, words=words)


def words_of(
    spans: Sequence[TokenSpan],
    frame_seconds: float,
    token_list: Sequence[str],
    token_type: str | None,
    start_seconds: float = 0.0,
) -> list[Word]:
    """The words that tokens make up.

    Args:
        spans: The tokens and their frames.
        frame_seconds: From one frame to the next.
        token_list, token_type, start_seconds: As in ``with_words``.
    """
    tokens = [token_list[span.token] for span in spans]
    return [
        Word(
            word=text,
            start_seconds=start_seconds + frame_seconds * part[0].start_frame,
            end_seconds=start_seconds + frame_seconds * part[-1].end_frame,
            confidence=math.exp(sum(span.log_prob for span in part) / len(part)),
        )
        for text, part in _group(spans, tokens, token_type)
    ]


def with_confidence(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Hypotheses with their share of the probability of all: the softmax of their scores."""
    if not hypotheses:
        return []
    shares = torch.tensor([hypothesis.score for hypothesis in hypotheses], dtype=torch.float64).softmax(0).tolist()
    return [replace(hypothesis, confidence=share) for hypothesis, share in zip(hypotheses, shares)]


def _group(
    spans: Sequence[TokenSpan], tokens: Sequence[str], token_type: str | None
) -> Iterator[tuple[str, list[TokenSpan]]]:
    """Words and the spans of their tokens; spaces belong to none."""
    text = ""
    part: list[TokenSpan] = []
    for span, token in zip(spans, tokens):
        starts_word = token_type not in ("char", "bpe") or token == SPACE
        starts_word |= token_type == "bpe" and token.startswith(WORD_START)
        if starts_word and text:
            yield text, part
        if starts_word:
            text, part = "", []
        if token_type == "char" and token == SPACE:
            continue
        text += token.removeprefix(WORD_START) if token_type == "bpe" else token
        part.append(span)
    if text:
        yield text, part

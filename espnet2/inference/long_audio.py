"""Recordings that are too long for one pass: cut in their pauses, recognised in batches, put together again.

A recogniser's memory and time grow faster than the length of its input, and it has been trained on sentences. An hour of
audio goes through in pieces of some seconds; no more of it is held than a few of them.
"""

# N samples

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from espnet2.fileio.recording import TO_THE_END, ArrayRecording, Recording, Span
from espnet2.fileio.segmentation import SegmentLimits, segment
from espnet2.inference.stitch import Segment, spread_words, stitch
from espnet2.inference.words import SPACE
from espnet2.search.hypothesis import Hypothesis, Word

HELD_PIECES = 16  # in memory, to choose batches of like length from
Recognise = Callable[[list[Any]], list[Any]]


class Recogniser(Protocol):
    """What is asked of a ``Speech2Text``."""

    tokenizer: Any
    converter: Any

    def __call__(self, speech: list[Any]) -> list[Any]:
        """The results of each waveform."""


class Piece(NamedTuple):
    """Samples on their way to the recogniser."""

    owner: Any  # whose they are
    start: int
    samples: Any  # (N,) or (N, channels); None: the owner has no more


@dataclass(frozen=True)
class LongResult:
    """The transcript of a whole recording.

    Attributes:
        text: None if the recogniser has no tokenizer.
        tokens: Of the text.
        token_int: Their ids.
        words: With times on the recording; None if the recogniser does not tell them.
        segments: The pieces in which it was recognised, without what two of them share.
    """

    text: str | None
    tokens: list[str]
    token_int: list[int]
    words: list[Word] | None
    segments: list[Segment]

    @property
    def score(self) -> float:
        """The sum of the segments' scores."""
        return sum(part.score or 0.0 for part in self.segments)


def transcribe_long(
    speech2text: Recogniser,
    recording: Recording,
    limits: SegmentLimits = SegmentLimits(),  # noqa: B008  (frozen)
    batch_size: int = 1,
    recognise: Recognise | None = None,
) -> LongResult:
    """Recognise a recording of any length.

    Args:
        speech2text: The recogniser.
        recording: At the rate of the recogniser.
        limits: How it is cut.
        batch_size: Pieces that are recognised together.
        recognise: In place of calling ``speech2text``.
    """
    pieces = pieces_of(recording, None, limits)
    results = recognise_pieces(recognise or speech2text, pieces, batch_size)
    return join([as_segment(result, piece, recording.sample_rate) for piece, result in results], speech2text)


def pieces_of(recording: Recording, owner: Any, limits: SegmentLimits) -> Iterator[Piece]:
    """The pieces of a recording that hold speech; a short recording is one piece.

    Args:
        recording: The recording.
        owner: Handed on with each piece.
        limits: How it is cut.
    """
    spans: list[Span] = segment(recording, limits) if limits.is_long(recording) else [(0, TO_THE_END)]
    for (start, _), samples in zip(spans, recording.cut(spans)):
        yield Piece(owner, start, samples)


def recognise_pieces(recognise: Recognise, pieces: Iterable[Piece], batch_size: int) -> Iterator[tuple[Piece, Any]]:
    """Each piece and its result, in order; those of like length go through together.

    Args:
        recognise: From a list of waveforms to the list of their results.
        pieces: What is recognised; a piece without samples goes through with the result None.
        batch_size: How many go together.
    """
    stream = iter(pieces)
    while window := deque(islice(stream, max(batch_size, HELD_PIECES) if batch_size > 1 else 1)):
        order = [number for number, piece in enumerate(window) if piece.samples is not None]
        order.sort(key=lambda number: len(window[number].samples), reverse=True)
        results: dict[int, Any] = {}
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            results.update(zip(batch, recognise([window[number].samples for number in batch])))
        for number in range(len(window)):  # when the next are read, none is held
            yield window.popleft(), results.get(number)


def as_segment(result: Any, piece: Piece, sample_rate: int) -> Segment:
    """The best result of a piece, its words' times on the whole recording."""
    nbest, layers = result if isinstance(result, tuple) else (result, None)
    start = piece.start / sample_rate
    end = start + len(piece.samples) / sample_rate
    if not nbest or not nbest[0][3].tokens:  # nothing ended, or a piece too short for the model
        return Segment(start, end, "", [], [], [], layers=layers)
    text, tokens, token_int, hypothesis = nbest[0]
    words = None
    if hypothesis.words is not None:
        words = [
            replace(word, start_seconds=start + word.start_seconds, end_seconds=start + word.end_seconds)
            for word in hypothesis.words
        ]
    return Segment(start, end, text and text.strip(), list(tokens), list(token_int), words, hypothesis, layers)


def join(segments: Sequence[Segment], speech2text: Recogniser) -> LongResult:
    """The transcript of the whole: segments one after another, what two of them share only once."""
    tokenizer = speech2text.tokenizer
    tokens2text = None if tokenizer is None else tokenizer.tokens2text
    stitched = stitch(segments, tokens2text)
    tokens: list[str] = []
    for part in stitched:
        own = _without_outer_spaces(part.tokens)
        if tokens and own and SPACE in speech2text.converter.token2id:
            tokens.append(SPACE)
        tokens += own
    token_int = speech2text.converter.tokens2ids(tokens)
    is_timed = any(part.words for part in stitched) or not tokens
    words = [word for part in stitched for word in spread_words(part)] if is_timed else None
    return LongResult(None if tokens2text is None else tokens2text(tokens), tokens, token_int, words, stitched)


def _without_outer_spaces(tokens: Sequence[str]) -> list[str]:
    inner = [number for number, token in enumerate(tokens) if token != SPACE]
    return list(tokens[inner[0] : inner[-1] + 1]) if inner else []


def recognise_long(
    speech2text: Any,
    waveform: np.ndarray | Tensor,
    sample_rate: int,
    limits: SegmentLimits = SegmentLimits(),  # noqa: B008  (frozen)
    batch_size: int = 1,
    recognise: Recognise | None = None,
) -> Any:
    """What ``Speech2Text`` answers for a long waveform: one result, its words' times on the whole.

    Args:
        speech2text: The recogniser.
        waveform: Samples in memory.
        sample_rate: Theirs.
        limits, batch_size, recognise: As in ``transcribe_long``.
    Returns:
        ``[(text, tokens, token_int, hypothesis)]``; with intermediate CTC layers ``(that, {layer: tokens})``.

    Shapes:
        waveform (N,) or (N, channels)
    """
    samples = waveform.detach().cpu().numpy() if isinstance(waveform, Tensor) else waveform
    recording = ArrayRecording(samples, sample_rate)
    found = transcribe_long(speech2text, recording, limits, batch_size, recognise)
    nbest = [(found.text, found.tokens, found.token_int, whole_hypothesis(found, speech2text.asr_model))]
    layers: dict[int, list[str]] = {}
    for part in found.segments:
        for layer, tokens in (part.layers or {}).items():
            layers.setdefault(layer, []).extend(tokens)
    return (nbest, layers) if layers else nbest


def whole_hypothesis(found: LongResult, asr_model: Any) -> Hypothesis:
    """The segments' hypotheses as one: sums of scores, the product of confidences."""
    parts = [part.hypothesis for part in found.segments if part.hypothesis is not None]
    if not parts:
        return Hypothesis(torch.tensor([asr_model.sos, asr_model.eos]), words=found.words)
    ids = parts[0].yseq
    middle = ids.new_tensor(found.token_int)
    known = [part.confidence for part in parts if part.confidence is not None]
    return replace(
        parts[0],
        yseq=torch.cat([ids[:1], middle, ids[-1:] if parts[0].has_eos else ids[:0]]),
        score=sum(part.score for part in parts),
        scores={name: sum(part.scores[name] for part in parts) for name in parts[0].scores},
        confidence=float(np.prod(known)) if len(known) == len(parts) else None,
        words=found.words,
    )

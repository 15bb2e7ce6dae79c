"""One stream of speech on its way through a recogniser, piece by piece.

Samples wait until they make at least one encoder frame; encoded frames wait until they make a block, and the search gets
them block by block, counted from the utterance's start. So neither texts nor the places where utterances end depend on how
the samples arrive. Where an utterance ends, the encoder goes back: the next utterance is encoded anew from there, as if it
were a recording of its own. All that changes is in the ``Stream``.
"""

# Shapes: n samples, s frames, D model size
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.asr.streaming import ModelStreamState, encode_stream
from espnet2.inference.events import Event
from espnet2.inference.long_audio import join, whole_hypothesis
from espnet2.inference.parts import Parts, Result
from espnet2.inference.sample_input import SampleInput
from espnet2.inference.sample_queue import SampleQueue
from espnet2.inference.stitch import Segment
from espnet2.inference.utterance_stream import Recognition, UtteranceStream
from espnet2.layers.too_short import TooShortUttError
from espnet2.search.hypothesis import Hypothesis
from espnet2.utils.errors import InputError


class Piece(NamedTuple):
    """What the encoder gets next."""

    samples: Tensor  # (n,)
    state: ModelStreamState | None
    is_final: bool


class Stream:
    """A stream of speech. Streams of one recogniser may be fed in different threads; one stream only in one at a time.

    Args:
        recognition: Models and options.
    """

    def __init__(self, recognition: Recognition):
        self.recognition = recognition
        self._input = SampleInput(recognition.sample_rate, recognition.input_rate, recognition.strict_rate)
        step = recognition.frame_samples
        self._queue = SampleQueue(step, step * recognition.hop_frames)
        self._utterance = UtteranceStream(recognition, 0)
        self._is_closed = False  # no samples come any more
        self._is_done = False  # and all are recognised
        self._history: list[Segment] = []
        self._events: list[Event] = []

    def feed(self, chunk: Any, sample_rate: int | None = None) -> list[Event]:
        """Recognise the next samples.

        Args:
            chunk: See ``SampleInput.take``.
            sample_rate: Its rate; the same throughout a stream.
        Returns:
            What has changed, in order; mostly nothing.
        Raises:
            InputError: If the stream is finished, or the chunk cannot be used; then the stream is as it was before.

        Shapes:
            chunk (N,) or (N, channels)
        """
        self.put(chunk, sample_rate)
        return self.run()

    def end(self) -> list[Event]:
        """No samples come any more: recognise the rest. The last events of the stream."""
        self.close()
        return self.run()

    def finish(self) -> list[Result]:
        """No samples come any more: the n-best ``(text, tokens, token_int, hypothesis)`` of the stream, as ``Speech2Text``.

        Where the stream has been cut into utterances, these are its last utterance's n-best after the best of the others.
        """
        if not self._is_done:
            self.end()
        return self.results

    def put(self, chunk: Any, sample_rate: int | None = None) -> None:
        """As ``feed``, but nothing is recognised yet."""
        if self._is_closed:
            raise InputError(
                "This stream is finished: reset() the recogniser, or open another stream, before feeding more."
            )
        self._queue.put(self._input.take(chunk, sample_rate))

    def close(self) -> None:
        """As ``end``, but nothing is recognised yet."""
        if not self._is_closed:
            self._queue.put(self._input.end())
            self._is_closed = True

    def run(self) -> list[Event]:
        """Recognise what was put in."""
        while advance([self]):
            pass
        return self.pop_events()

    def pop_events(self) -> list[Event]:
        """The events since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def is_done(self) -> bool:
        """Whether the stream has ended and all of it is recognised."""
        return self._is_done

    @property
    def num_seconds(self) -> float:
        """How much has been put in, at the model's rate."""
        return self._queue.end / self.recognition.sample_rate

    @property
    def results(self) -> list[Result]:
        """The n-best so far; none before the first block."""
        parts, utterance = self.recognition.parts, self._utterance
        latest = [parts.as_result(hypothesis) for hypothesis in utterance.hypotheses[: self.recognition.nbest]]
        if self._history:
            segments = [self._segment(result) for result in latest if result[2]]
            wholes = [[*self._history, segment] for segment in segments] or [self._history]
            return [_joined(whole, parts) for whole in wholes]
        if self._is_done and not utterance.num_searched:
            if not utterance.start_sample:  # the stream was too short for a frame
                return parts.blank_results(self.recognition.nbest)
            ends = torch.tensor([parts.asr_model.sos, parts.asr_model.eos])
            return [parts.as_result(Hypothesis(ends))]  # it ended after some silent utterances
        return latest

    def next_piece(self) -> Piece | None:
        """What the encoder is to be given; None: more samples are needed, or all are done."""
        if self._is_done:
            return None
        samples = self._queue.take(self._is_closed)
        if samples is None:
            return None
        is_final = self._is_closed and self._queue.next == self._queue.end
        return Piece(samples, self._utterance.encoder_state, is_final)

    def take(self, frames: Tensor, state: ModelStreamState | None, is_final: bool) -> None:
        """What the encoder made of the piece: frames (s, D)."""
        utterance = self._utterance
        utterance.encoder_state = state
        self._events += utterance.take(frames, is_final)
        self._queue.forget_before(min(utterance.next_sample, self._queue.next))
        if utterance.is_cut:
            self._next_utterance()
        else:
            self._is_done = is_final

    def _next_utterance(self) -> None:
        ended = self._utterance
        if self.recognition.keeps_history and ended.hypotheses and ended.hypotheses[0].tokens:
            self._history.append(self._segment(self.recognition.parts.as_result(ended.hypotheses[0])))
        self._queue.go_back(ended.next_sample)
        self._utterance = UtteranceStream(self.recognition, ended.next_sample)

    def _segment(self, result: Result) -> Segment:
        """An utterance as a part of the whole."""
        utterance = self._utterance
        text, tokens, token_int, hypothesis = result
        words = None if hypothesis.words is None else list(hypothesis.words)
        return Segment(utterance.start_seconds, utterance.end_seconds, text, tokens, token_int, words, hypothesis)


def _joined(segments: Sequence[Segment], parts: Any) -> Result:
    """Utterances as one result."""
    whole = join(segments, parts)
    return whole.text, whole.tokens, whole.token_int, whole_hypothesis(whole, parts.asr_model)


@torch.no_grad()
def advance(streams: Sequence[Stream]) -> bool:
    """Encode the next piece of each stream in one batch, and search what comes out.

    Args:
        streams: Of one recogniser.
    Returns:
        Whether there was anything to do.
    """
    ready = [(stream, piece) for stream in streams if (piece := stream.next_piece()) is not None]
    if not ready:
        return False
    parts = ready[0][0].recognition.parts
    with parts.precision.context():
        encoded = _encode(parts, [piece for _, piece in ready])
        for (stream, piece), (frames, state) in zip(ready, encoded):
            stream.take(frames, state, piece.is_final)
    return True


def _encode(parts: Parts, pieces: Sequence[Piece]) -> list[tuple[Tensor, ModelStreamState | None]]:
    """The frames of all pieces, none of an utterance that is too short for any, and the states."""
    dtype = getattr(torch, parts.precision.weights)
    samples = [piece.samples.to(parts.device, dtype) for piece in pieces]
    states = [piece.state for piece in pieces]
    try:
        frames, after = encode_stream(parts.asr_model, samples, states, [piece.is_final for piece in pieces])
    except TooShortUttError:
        if len(pieces) == 1:
            return [(torch.zeros(0, parts.asr_model.encoder.output_size(), dtype=dtype, device=parts.device), None)]
        return [result for piece in pieces for result in _encode(parts, [piece])]
    return list(zip(frames, after))

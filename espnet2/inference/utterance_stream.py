"""One utterance of a stream: what its encoder, its search and its text have come to."""

# Shapes: s frames, D model size, V vocabulary
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.streaming import ModelStreamState
from espnet2.inference.endpoint import Endpointer
from espnet2.inference.events import Event, StablePrefix
from espnet2.inference.parts import Parts
from espnet2.inference.streaming_options import EndpointOptions
from espnet2.inference.token_clock import TokenClock, emitted
from espnet2.inference.words import with_confidence, words_of
from espnet2.search.alignment import TokenSpan
from espnet2.search.hypothesis import Hypothesis, Word


@dataclass(frozen=True)
class Recognition:
    """What all streams of a recogniser share; nothing in it changes.

    Attributes:
        parts: Models and tokens.
        search: A ``StreamingSearch``.
        sample_rate: The model's.
        frame_samples: Samples from one encoder frame to the next.
        first_frames: Frames of the first block that the search is given.
        hop_frames: Frames of each further one.
        endpoints: Where utterances end.
        nbest: Results of a stream.
        word_times: Whether words get their times.
        stable_blocks: After how many blocks a token that stands still is stable.
        input_rate: The rate of chunks that do not tell theirs; None: the model's.
        strict_rate: Refuse chunks at another rate instead of resampling them.
        keeps_history: Whether results tell all utterances of the stream, or the last one only.
    """

    parts: Parts
    search: Any
    sample_rate: int
    frame_samples: int
    first_frames: int
    hop_frames: int
    endpoints: EndpointOptions
    nbest: int = 1
    word_times: bool = False
    stable_blocks: int = 3
    input_rate: int | None = None
    strict_rate: bool = False
    keeps_history: bool = True


class UtteranceStream:
    """An utterance from its first frame on.

    Args:
        recognition: Models and options.
        start_sample: Where it begins on the stream.
    """

    def __init__(self, recognition: Recognition, start_sample: int):
        self.recognition, self.start_sample = recognition, start_sample
        self.encoder_state: ModelStreamState | None = None
        self.hypotheses: list[Hypothesis] = []  # best first
        self.num_searched = 0  # frames
        self.is_over = False
        self.is_cut = False  # it is over, but the stream goes on
        self._waiting = torch.zeros(0, recognition.parts.asr_model.encoder.output_size())
        self._search_state = recognition.search.start()
        self._tokens: list[int] = []
        self._stable = StablePrefix(recognition.stable_blocks)
        self._clock = TokenClock()
        self._frame_seconds = recognition.frame_samples / recognition.sample_rate
        self._endpointer = Endpointer(recognition.endpoints, self._frame_seconds)

    @property
    def next_sample(self) -> int:
        """Where on the stream the frames begin that have not been searched."""
        return self.start_sample + self.num_searched * self.recognition.frame_samples

    @property
    def start_seconds(self) -> float:
        """Where the utterance begins on the stream."""
        return self.start_sample / self.recognition.sample_rate

    @property
    def end_seconds(self) -> float:
        """How far it has been searched."""
        return self.next_sample / self.recognition.sample_rate

    def take(self, frames: Tensor, is_final: bool) -> list[Event]:
        """Search further, block by block, until an endpoint.

        Args:
            frames: The next encoded ones, none too.
            is_final: Whether the stream ends with them.

        Shapes:
            frames (s, D)
        """
        self._waiting = torch.cat([self._waiting.to(frames), frames])
        events: list[Event | None] = []
        while not self.is_over and len(self._waiting) >= (size := self._block_size()):
            events.append(self._search(self._waiting[:size], False))
            self._waiting = self._waiting[size:]
        if is_final and not self.is_over:
            events.append(self._search(self._waiting, True))
        return [event for event in events if event is not None]

    def _block_size(self) -> int:
        return self.recognition.hop_frames if self.num_searched else self.recognition.first_frames

    def _search(self, block: Tensor, is_final: bool) -> Event | None:
        """Give the search a block (s, D); an event if the text changes or has ended."""
        search, ctc = self.recognition.search, self.recognition.parts.asr_model.ctc
        self.num_searched += len(block)
        is_rest = is_final
        if ctc is not None:
            log_probs = ctc.log_softmax(block.unsqueeze(0))[0]
            self._endpointer.hear(log_probs)
            if self.recognition.word_times:
                self._clock.hear(log_probs)
            is_final |= self._endpointer.is_end
        self._search_state, found = search.advance(self._search_state, block, is_final)
        if ctc is None and not is_final:
            self._endpointer.hear_tokens(len(block), bool(found) and found[0].tokens != self._tokens)
            if is_final := self._endpointer.is_end:
                self._search_state, found = search.advance(self._search_state, block[:0], True)
        self.is_over, self.is_cut = is_final, is_final and not is_rest
        if found or is_final:
            self.hypotheses = found
        return self._event()

    def _event(self) -> Event | None:
        tokens = self.hypotheses[0].tokens if self.hypotheses else []
        is_new, self._tokens = tokens != self._tokens, tokens
        num_stable = self._stable.update(self.hypotheses) if self.hypotheses else 0
        if self.is_over:
            num_stable = len(tokens)
        elif not is_new:
            return None
        spans = self._spans(tokens, num_stable) if self.recognition.word_times else None
        words = None if spans is None else self._words(spans)
        if self.is_over and words is not None and self.hypotheses:
            best, *others = with_confidence(self.hypotheses)
            self.hypotheses = [replace(best, words=words), *others]
        if not tokens and not is_new:
            return None
        converter, tokenizer = self.recognition.parts.converter, self.recognition.parts.tokenizer
        units = converter.ids2tokens(tokens)
        return Event(
            kind="final" if self.is_over else "partial",
            text=tokenizer and tokenizer.tokens2text(units),
            tokens=units,
            stable_text=tokenizer and tokenizer.tokens2text(units[:num_stable]),
            words=words,
            start_seconds=self.start_seconds,
            end_seconds=self.end_seconds,
            token_seconds=None if spans is None else [self._seconds(span.end_frame) for span in spans],
        )

    def _spans(self, tokens: Sequence[int], num_stable: int) -> list[TokenSpan]:
        """Where the tokens were spoken, by CTC; without one, where the transducer has emitted them."""
        if self.recognition.parts.asr_model.ctc is not None:
            return self._clock.spans(tokens, num_stable)
        return emitted(self.hypotheses[0]) if self.hypotheses else []

    def _seconds(self, frame: int) -> float:
        return self.start_seconds + self._frame_seconds * frame

    def _words(self, spans: Sequence[TokenSpan]) -> list[Word]:
        parts = self.recognition.parts
        kind = parts.asr_train_args.token_type
        return words_of(spans, self._frame_seconds, parts.asr_model.token_list, kind, self.start_seconds)

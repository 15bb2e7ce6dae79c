"""How late a live recogniser is.

A source is played in real time to the recogniser, on a clock that only counts: a chunk is there when its last sample is
spoken, its work begins when it is there and the chunk before is done, and takes as long as it took here. A token is late
by the time from where CTC has it spoken to the chunk from which on it was shown and stayed.
"""

# N samples
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from espnet2.inference.events import Event, num_shared
from espnet2.inference.stream import Stream


@dataclass
class StreamTimes:
    """The clock of one stream.

    Attributes:
        audio_seconds: How much has come.
        clock_seconds: When the work on it was done.
        work_seconds: Of each chunk.
        final_seconds: From the last sample to the results.
        total_work_seconds: Of the chunks and what came after.
        first_text_seconds: When the first text was shown, from the start of the stream; None if none was.
        delays_seconds: Of each token.
    """

    audio_seconds: float = 0.0
    clock_seconds: float = 0.0
    work_seconds: list[float] = field(default_factory=list)
    final_seconds: float = 0.0
    total_work_seconds: float = 0.0
    first_text_seconds: float | None = None
    delays_seconds: list[float] = field(default_factory=list)
    _shown: list[tuple[list[str], float]] = field(default_factory=list)  # the utterance's texts, and when

    def chunk(self, audio_seconds: float, work_seconds: float, events: Iterable[Event]) -> None:
        """Count a chunk.

        Args:
            audio_seconds: Its length.
            work_seconds: What recognising took.
            events: What it changed.
        """
        self.audio_seconds += audio_seconds
        self.work_seconds.append(work_seconds)
        self._work(work_seconds, events)

    def end(self, work_seconds: float, events: Iterable[Event]) -> None:
        """Count the work after the last chunk."""
        self._work(work_seconds, events)
        self.final_seconds = self.clock_seconds - self.audio_seconds

    def _work(self, work_seconds: float, events: Iterable[Event]) -> None:
        self.total_work_seconds += work_seconds
        self.clock_seconds = max(self.clock_seconds, self.audio_seconds) + work_seconds
        for event in events:
            if event.tokens and self.first_text_seconds is None:
                self.first_text_seconds = self.clock_seconds
            self._shown.append((event.tokens, self.clock_seconds))
            if event.kind == "final":
                self.delays_seconds += _delays(self._shown, event.token_seconds or [])
                self._shown = []


def _delays(shown: Sequence[tuple[list[str], float]], spoken: Sequence[float]) -> list[float]:
    """When each token of the last text was there to stay, after it was spoken."""
    stays, last = shown[-1]
    when = [last] * len(stays)
    for tokens, seconds in reversed(shown[:-1]):
        stays = stays[: num_shared(tokens, stays)]
        when[: len(stays)] = [seconds] * len(stays)
    return [a - b for a, b in zip(when, spoken)]


@dataclass(frozen=True)
class LatencyReport:
    """What a set of streams has come to; times in seconds.

    Attributes:
        first_text: Median time from the start of a stream to its first text; NaN if there was none.
        delay_median, delay_p95: From a token's end in speech to the text that shows it and keeps it.
        chunk_median, chunk_p95: Work for a chunk.
        final_median, final_max: From the last sample to the results.
        real_time_factor: Work per second of speech.
        num_tokens: Tokens whose delay is known.
    """

    first_text: float
    delay_median: float
    delay_p95: float
    chunk_median: float
    chunk_p95: float
    final_median: float
    final_max: float
    real_time_factor: float
    num_tokens: int

    def __str__(self) -> str:
        return "\n".join(
            [
                f"first text         {self.first_text:8.3f} s after the start",
                f"token delay        {self.delay_median:8.3f} s median, {self.delay_p95:.3f} s p95 ({self.num_tokens} tokens)",
                f"work for a chunk   {1000 * self.chunk_median:8.1f} ms median, {1000 * self.chunk_p95:.1f} ms p95",
                f"results after end  {self.final_median:8.3f} s median, {self.final_max:.3f} s at most",
                f"real-time factor   {self.real_time_factor:8.3f}",
            ]
        )


def latency_report(streams: Sequence[StreamTimes]) -> LatencyReport:
    """What the clocks of some streams say together."""
    delays = [delay for stream in streams for delay in stream.delays_seconds]
    chunks = [work for stream in streams for work in stream.work_seconds]
    finals = [stream.final_seconds for stream in streams]
    audio = sum(stream.audio_seconds for stream in streams)
    first = [stream.first_text_seconds for stream in streams if stream.first_text_seconds is not None]
    return LatencyReport(
        _quantile(first, 0.5),
        _quantile(delays, 0.5),
        _quantile(delays, 0.95),
        _quantile(chunks, 0.5),
        _quantile(chunks, 0.95),
        _quantile(finals, 0.5),
        _quantile(finals, 1.0),
        sum(stream.total_work_seconds for stream in streams) / audio if audio else float("nan"),
        len(delays),
    )


def _quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


def play(
    stream: Stream,
    chunks: Iterable[Any],
    sample_rate: int,
    show: Callable[[Sequence[Event]], object] = len,
) -> StreamTimes:
    """Feed a stream chunk by chunk and end it, on the clock described above.

    Args:
        stream: Of a recogniser with word times, or delays are not known.
        chunks: Its samples, (N,) at a time.
        sample_rate: Theirs.
        show: Told what has changed, after each chunk.
    """
    times = StreamTimes()
    for chunk in chunks:
        began = time.perf_counter()
        events = stream.feed(chunk, sample_rate)
        times.chunk(len(chunk) / sample_rate, time.perf_counter() - began, events)
        show(events)
    began = time.perf_counter()
    events = stream.end()
    times.end(time.perf_counter() - began, events)
    show(events)
    return times

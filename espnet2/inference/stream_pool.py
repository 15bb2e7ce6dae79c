"""Many streams at once: their next pieces go through the encoder as one batch."""

import weakref
from typing import Any, Protocol

from espnet2.inference.events import Event
from espnet2.inference.parts import Result
from espnet2.inference.stream import Stream, advance


class Opener(Protocol):
    """What is asked of a ``Speech2TextStreaming``."""

    def open_stream(self) -> Stream:
        """A stream of its own."""


class StreamPool:
    """Streams of one recogniser that advance together; each gives what it would give alone.

    A stream that its user drops is forgotten. The pool is used by one thread.

    Args:
        recogniser: Whose streams these are.
    """

    def __init__(self, recogniser: Opener):
        self._recogniser = recogniser
        self._streams: list[weakref.ref[Stream]] = []

    def open(self) -> Stream:
        """Begin a stream."""
        stream = self._recogniser.open_stream()
        self._streams.append(weakref.ref(stream))
        return stream

    def __len__(self) -> int:
        return len(self._running())

    def feed(self, stream: Stream, chunk: Any, sample_rate: int | None = None) -> None:
        """Hand over a stream's next samples; ``step`` recognises them.

        Raises:
            InputError: As ``Stream.feed``.
        """
        stream.put(chunk, sample_rate)

    def step(self) -> list[tuple[Stream, Event]]:
        """Advance every stream that has enough samples by one piece.

        Returns:
            What has changed, the events of one stream in order; also of streams whose samples did not suffice.
        """
        streams = self._running()
        advance(streams)
        return [(stream, event) for stream in streams for event in stream.pop_events()]

    def run(self) -> list[tuple[Stream, Event]]:
        """Step until all that was handed over is recognised."""
        streams = self._running()
        while advance(streams):
            pass
        return [(stream, event) for stream in streams for event in stream.pop_events()]

    def finish(self, *streams: Stream) -> list[list[Result]]:
        """End some streams, together: the n-best of each. Their events are left in ``Stream.pop_events``."""
        for stream in streams:
            stream.close()
        while advance(streams):
            pass
        return [stream.results for stream in streams]

    def _running(self) -> list[Stream]:
        """The streams that are neither done nor dropped."""
        streams = [stream for reference in self._streams if (stream := reference()) is not None and not stream.is_done]
        self._streams = [weakref.ref(stream) for stream in streams]
        return streams

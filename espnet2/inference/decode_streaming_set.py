"""Recognise a data set as if each utterance came live, into the layout of ``decode_set``."""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from espnet2.config.options import from_args
from espnet2.inference.decode_set import decode_with
from espnet2.inference.latency import StreamTimes, latency_report, play
from espnet2.inference.options import RecogniserOptions, SetOptions, UnsupportedOptions
from espnet2.inference.parts import Result
from espnet2.inference.speech2text_streaming import Speech2TextStreaming
from espnet2.inference.stream_pool import StreamPool
from espnet2.inference.streaming_options import EndpointOptions
from espnet2.search.options import SearchOptions, StreamingOptions

CHUNK_SECONDS = 0.64


def decode_streaming_set(args: argparse.Namespace) -> None:
    """Recognise all utterances that the options name, chunk by chunk.

    Args:
        args: The fields of ``SetOptions``, ``SoundOptions``, ``LiveOptions`` and what ``load_streaming`` wants.
    Raises:
        InputError: As ``decode_set``.
    """
    recogniser = decode_with(_load, args)
    if recogniser.times:
        for line in str(latency_report(recogniser.times)).splitlines():
            logging.info(line)


def load_streaming(args: argparse.Namespace, **others: Any) -> Speech2TextStreaming:
    """The recogniser that the options name.

    Args:
        args: The fields of ``RecogniserOptions``, ``SearchOptions``, ``StreamingOptions``, ``EndpointOptions`` and
            ``UnsupportedOptions``.
        **others: Further arguments of ``Speech2TextStreaming``, stronger than those.
    """
    from_args(UnsupportedOptions, args)
    groups: tuple[Any, ...] = (RecogniserOptions, SearchOptions, StreamingOptions, EndpointOptions)
    words = {key: value for group in groups for key, value in asdict(from_args(group, args)).items()}
    return Speech2TextStreaming.from_pretrained(**{**words, **others})


def chunk_samples(recogniser: Speech2TextStreaming, sim_chunk_length: int | None) -> int | None:
    """Samples of a chunk; None for all at once."""
    if sim_chunk_length is None:
        return round(CHUNK_SECONDS * recogniser.recognition.sample_rate)
    return sim_chunk_length or None


def _load(args: argparse.Namespace, options: SetOptions) -> "ChunkedRecogniser":
    recogniser = load_streaming(
        args,
        device=options.device,
        dtype=options.dtype,
        word_times=args.word_times or (None if args.latency else False),
    )
    return ChunkedRecogniser(recogniser, chunk_samples(recogniser, args.sim_chunk_length), bool(args.latency))


class ChunkedRecogniser:
    """A ``Speech2TextStreaming`` that is given whole waveforms; those that come together are streams side by side.

    Args:
        recogniser: The recogniser.
        num_samples: Of a chunk; None: waveforms are fed whole.
        is_timed: Keep the times of each stream.
    """

    def __init__(self, recogniser: Speech2TextStreaming, num_samples: int | None, is_timed: bool = False):
        self.recogniser, self.num_samples, self.is_timed = recogniser, num_samples, is_timed
        self.asr_model, self.asr_train_args = recogniser.asr_model, recogniser.asr_train_args
        self.times: list[StreamTimes] = []

    def __call__(self, speech: list[Any]) -> list[list[Result]]:
        """The n-best of each waveform: (N,)."""
        # The real-time factor is read from the times of these lines and of "best hypo", in pairs.
        for waveform in speech:
            logging.info(f"speech length: {len(waveform)}")
        results = [self._play(waveform) for waveform in speech] if self.is_timed else self._together(speech)
        for nbest in results:
            logging.info(f"best hypo: {nbest[0][0] if nbest else ''}")
        return results

    def _together(self, speech: Sequence[Any]) -> list[list[Result]]:
        pool = StreamPool(self.recogniser)
        streams = [pool.open() for _ in speech]
        longest = max(map(len, speech), default=0)
        for start in range(0, longest, size := self.num_samples or longest or 1):
            for stream, waveform in zip(streams, speech):
                if start < len(waveform):
                    pool.feed(stream, waveform[start : start + size])
            pool.run()
        return pool.finish(*streams)

    def _play(self, waveform: Any) -> list[Result]:
        stream, size = self.recogniser.open_stream(), self.num_samples or len(waveform) or 1
        chunks = (waveform[start : start + size] for start in range(0, len(waveform), size))
        self.times.append(play(stream, chunks, self.recogniser.recognition.sample_rate))
        return stream.finish()

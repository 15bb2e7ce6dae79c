"""Recognise live speech on the command line: the growing text on one line of the terminal, what is done as lines."""

import argparse
import logging
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from espnet2.config.options import from_args
from espnet2.inference.decode_streaming_set import chunk_samples, load_streaming
from espnet2.inference.events import Event
from espnet2.inference.latency import latency_report, play
from espnet2.inference.live_sources import Source, find_sources
from espnet2.inference.options import SetOptions, SoundOptions
from espnet2.inference.streaming_options import LiveOptions
from espnet2.utils.log import setup_logging


def recognise_live(args: argparse.Namespace) -> None:
    """Recognise what the options name, and print it.

    Args:
        args: ``audio``, a list of files, folders and ``-``, and the fields of ``LiveOptions``, ``SetOptions``, ``SoundOptions``
            and what ``load_streaming`` wants.
    Raises:
        InputError: If options do not fit, or the model or an input cannot be read.
    """
    options = from_args(LiveOptions, args)
    machine = from_args(SetOptions, args)
    setup_logging("WARNING" if machine.log_level == "INFO" else machine.log_level)
    args = argparse.Namespace(**vars(args))
    args.model_tag = args.model_tag or options.exp
    args.endpoint = args.endpoint is not False
    is_timed = options.latency is not False
    recogniser = load_streaming(
        args,
        device=machine.device,
        dtype=machine.dtype,
        strict_rate=from_args(SoundOptions, args).strict_rate,
        word_times=args.word_times or (None if is_timed else False),
        keep_history=False,
    )
    rate = recogniser.recognition.sample_rate
    size = chunk_samples(recogniser, args.sim_chunk_length) or rate
    sources = find_sources(args.audio, options.microphone, rate, options.sample_rate, size, options.simulate_realtime)
    times = [
        play(recogniser.open_stream(), until_interrupted(source), source.sample_rate, Display(source.name).show)
        for source in sources
    ]
    if is_timed:
        print(latency_report(times), file=sys.stderr)


class Display:
    """The text of one source.

    Standard output gets a line ``<name><tab><start>-<end><tab><text>`` for each utterance; standard error, if it is a
    terminal, one line with the text that still grows.

    Args:
        name: Of the source.
    """

    def __init__(self, name: str):
        self.name = name
        self.is_terminal = sys.stderr.isatty()

    def show(self, events: Iterable[Event]) -> None:
        """Show what has changed."""
        for event in events:
            text = " ".join(event.tokens) if event.text is None else event.text
            self._overwrite("" if event.kind == "final" else text)
            if event.kind == "final":
                print(f"{self.name}\t{event.start_seconds:.2f}-{event.end_seconds:.2f}\t{text}", flush=True)

    def _overwrite(self, text: str) -> None:
        if self.is_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\N{ESCAPE}[K{text[-width:]}", end="", file=sys.stderr, flush=True)


def until_interrupted(source: Source) -> Iterator[Any]:
    """The chunks of a source until it ends or the user has enough of it (Ctrl-C)."""
    try:
        yield from source.chunks
    except KeyboardInterrupt:
        logging.warning(f"{source.name}: interrupted; what was heard is recognised")

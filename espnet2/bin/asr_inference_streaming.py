"""Recognise speech while it comes in: ``python -m espnet2.bin.asr_inference_streaming --help``.

A set with ``--data_path_and_name_and_type`` and ``--output_dir``, as ``asr_inference``; or live input: sound files and folders,
``-`` for raw samples on standard input, ``--microphone true``. In Python: ``Speech2TextStreaming`` from here.
"""

from collections.abc import Sequence
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.config.options import add_options
from espnet2.inference.options import (
    LongOptions,
    RecogniserOptions,
    SetOptions,
    SimulationOptions,
    SoundOptions,
    UnsupportedOptions,
    make_parser,
    parse_required,
)
from espnet2.inference.streaming_options import ChunkOptions, EndpointOptions, LiveOptions
from espnet2.search.options import SearchOptions, StreamingOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    groups: tuple[type, ...] = (LiveOptions, SetOptions, SoundOptions, ChunkOptions, RecogniserOptions, SearchOptions)
    parser = make_parser(
        "Recognise speech while it comes in: a set, or live input.", *groups, StreamingOptions, EndpointOptions
    )
    for options in (LongOptions, SimulationOptions, UnsupportedOptions):
        add_options(parser, options, "Without effect here, so that configurations of asr_inference serve, too")
    parser.add_argument(
        "audio", nargs="*", help="Live input: sound files, folders, - for raw 16-bit samples from standard input"
    )
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    parser = get_parser()
    args = parser.parse_args(cmd)
    if args.audio or args.microphone:
        from espnet2.inference.live import recognise_live

        recognise_live(args)
        return
    args = parse_required(parser, cmd, SetOptions)
    from espnet2.inference.decode_streaming_set import decode_streaming_set

    decode_streaming_set(args)


def __getattr__(name: str) -> Any:
    if name == "Speech2TextStreaming":
        from espnet2.inference.speech2text_streaming import Speech2TextStreaming

        return Speech2TextStreaming
    raise AttributeError(f"module '{__name__}' has no '{name}'")


if __name__ == "__main__":
    run_door(main)

"""Recognise a data set: ``python -m espnet2.bin.asr_inference --help``. In Python: ``Speech2Text`` from here."""

from collections.abc import Sequence
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.config.options import add_options
from espnet2.inference.options import (
    LongOptions,
    MaskCTCOptions,
    RecogniserOptions,
    SetOptions,
    SimulationOptions,
    SoundOptions,
    UnsupportedOptions,
    make_parser,
    parse_required,
)
from espnet2.inference.streaming_options import ChunkOptions, EndpointOptions
from espnet2.search.options import SearchOptions, StreamingOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    groups: tuple[type, ...] = (SetOptions, SoundOptions, LongOptions, RecogniserOptions, SearchOptions, MaskCTCOptions)
    parser = make_parser("Recognise a data set.", *groups, SimulationOptions, UnsupportedOptions)
    for options in (ChunkOptions, StreamingOptions, EndpointOptions):
        add_options(parser, options, "Without effect here, so that configurations of asr_inference_streaming serve, too")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = parse_required(get_parser(), cmd, SetOptions)
    from espnet2.inference.decode_set import decode_set

    decode_set(args)


def __getattr__(name: str) -> Any:
    if name == "Speech2Text":
        from espnet2.inference.speech2text import Speech2Text

        return Speech2Text
    raise AttributeError(f"module '{__name__}' has no '{name}'")


if __name__ == "__main__":
    run_door(main)

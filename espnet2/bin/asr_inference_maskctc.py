"""Recognise a data set by Mask-CTC: ``python -m espnet2.bin.asr_inference_maskctc --help``."""

from collections.abc import Sequence
from dataclasses import asdict

from espnet2.config.cli import ConfigParser
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
from espnet2.search.options import SearchOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options that Mask-CTC knows; those of other searches have their defaults."""
    groups = (SetOptions, SoundOptions, LongOptions, RecogniserOptions, MaskCTCOptions)
    parser = make_parser("Recognise a data set by Mask-CTC.", *groups)
    others = (SearchOptions(), SimulationOptions(), UnsupportedOptions())
    parser.set_defaults(**{name: value for group in others for name, value in asdict(group).items()})
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = parse_required(get_parser(), cmd, SetOptions)
    from espnet2.inference.decode_set import decode_set

    decode_set(args)


if __name__ == "__main__":
    run_door(main)

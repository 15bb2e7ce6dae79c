"""Recognise a data set: ``python -m espnet2.bin.asr_inference --help``. In Python: ``Speech2Text`` from here."""

from collections.abc import Sequence
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import (
    MaskCTCOptions,
    RecogniserOptions,
    SetOptions,
    UnsupportedOptions,
    make_parser,
    parse_required,
)
from espnet2.search.options import SearchOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    groups = (SetOptions, RecogniserOptions, SearchOptions, MaskCTCOptions, UnsupportedOptions)
    return make_parser("Recognise a data set.", *groups)


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

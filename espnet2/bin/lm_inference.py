"""Carry on texts by a language model: ``python -m espnet2.bin.lm_inference --help``. In Python: ``GenerateText`` from here."""

from collections.abc import Sequence
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import (
    GenerateOptions,
    LongOptions,
    SetOptions,
    SoundOptions,
    make_parser,
    parse_required,
)
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    return make_parser("Carry on texts by a language model.", SetOptions, GenerateOptions, foreign=(SoundOptions, LongOptions))


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = parse_required(get_parser(), cmd, SetOptions, GenerateOptions)
    from espnet2.inference.generate_text import generate_set

    generate_set(args)


def __getattr__(name: str) -> Any:
    if name == "GenerateText":
        from espnet2.inference.generate_text import GenerateText

        return GenerateText
    raise AttributeError(f"module '{__name__}' has no '{name}'")


if __name__ == "__main__":
    run_door(main)

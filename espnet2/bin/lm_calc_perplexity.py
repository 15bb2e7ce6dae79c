"""Measure a language model's perplexity on a text: ``python -m espnet2.bin.lm_calc_perplexity --help``."""

from collections.abc import Sequence

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import (
    LongOptions,
    PerplexityOptions,
    SetOptions,
    SoundOptions,
    make_parser,
    parse_required,
)
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    groups = (SetOptions, PerplexityOptions)
    return make_parser("Measure the perplexity of a language model on a text.", *groups, foreign=(SoundOptions, LongOptions))


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = parse_required(get_parser(), cmd, SetOptions, PerplexityOptions)
    from espnet2.inference.perplexity import write_perplexity

    write_perplexity(args)


if __name__ == "__main__":
    run_door(main)

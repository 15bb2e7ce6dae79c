"""Measure synthesised speech against recordings: ``python -m espnet2.bin.tts_evaluate --help``."""

from collections.abc import Sequence

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import make_parser, parse_required
from espnet2.inference.tts_options import EvaluationOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    return make_parser("Measure synthesised speech against recordings.", EvaluationOptions)


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = parse_required(get_parser(), cmd, EvaluationOptions)
    from espnet2.inference.evaluate_tts import evaluate_tts

    evaluate_tts(args)


if __name__ == "__main__":
    run_door(main)

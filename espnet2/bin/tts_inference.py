"""Synthesise a data set: ``python -m espnet2.bin.tts_inference --help``. In Python: ``Text2Speech`` from here."""

from collections.abc import Sequence
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import LongOptions, SetOptions, SoundOptions, make_parser, parse_required
from espnet2.inference.tts_options import SynthesiserOptions, SynthesisOptions
from espnet2.utils.door import run_door
from espnet2.utils.types import str2bool


def get_parser() -> ConfigParser:
    """All options."""
    groups = (SetOptions, SoundOptions, SynthesiserOptions, SynthesisOptions)
    parser = make_parser("Synthesise a data set.", *groups, foreign=(LongOptions,))
    parser.add_argument(
        "--stream", type=str2bool, default=False, help="Synthesise in chunks, and log when the first was ready"
    )
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = parse_required(get_parser(), cmd, SetOptions)
    from espnet2.inference.synthesise_set import synthesise_set

    synthesise_set(args)


def __getattr__(name: str) -> Any:
    if name == "Text2Speech":
        from espnet2.inference.text2speech import Text2Speech

        return Text2Speech
    raise AttributeError(f"module '{__name__}' has no '{name}'")


if __name__ == "__main__":
    run_door(main)

"""Read text aloud into a sound file: ``python -m espnet2.bin.say --exp exp/tts_... "Hello."``."""

from collections.abc import Sequence

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import make_parser
from espnet2.inference.tts_options import SayOptions, SynthesiserOptions, SynthesisOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    parser = make_parser("Read text aloud.", SayOptions, SynthesiserOptions, SynthesisOptions)
    parser.add_argument("text", nargs="*", help="What is said")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = get_parser().parse_args(cmd)
    from espnet2.inference.say import say

    say(args)


if __name__ == "__main__":
    run_door(main)

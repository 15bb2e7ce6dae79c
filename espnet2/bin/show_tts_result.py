"""Print what was measured of the speech below an experiment's folder as markdown."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__, usage="%(prog)s [options] <exp_dir>")
    parser.add_argument("exp_dir", nargs="?", default="exp", help="An experiment, or a folder of them")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, search, print."""
    args = get_parser().parse_args(cmd)
    from espnet2.text.synthesis_tables import synthesis_markdown

    for line in synthesis_markdown(args.exp_dir):
        print(line)


if __name__ == "__main__":
    run_door(main)

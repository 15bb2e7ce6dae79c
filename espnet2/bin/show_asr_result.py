"""Print the score tables below an experiment's folder as markdown."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__, usage="%(prog)s [options] <exp_dir>")
    parser.add_argument("exp_dir", nargs="?", default="exp", help="An experiment, or a folder of them")
    parser.add_argument("--mindepth", type=int, default=0, help="Experiments lie at least so deep below it")
    parser.add_argument("--maxdepth", type=int, default=10, help="And at most so deep")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, search, print."""
    args = get_parser().parse_args(cmd)
    from espnet2.text.result_tables import results_markdown

    for line in results_markdown(args.exp_dir, args.mindepth, args.maxdepth):
        print(line)


if __name__ == "__main__":
    run_door(main)

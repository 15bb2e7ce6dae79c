"""Deal the lines of tables out in turn: `--multiple_iterator true` trains on one part after another."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    parser.add_argument("--scps", nargs="+", required=True, help="Tables with the same ids in the same order")
    parser.add_argument("--names", nargs="+", help="Names of their folders (default: the file names)")
    parser.add_argument("--num_splits", type=int, required=True, help="Number of parts, at least 2")
    parser.add_argument("--output_dir", required=True, help="Gets <name>/split.<i> and <name>/num_splits")
    parser.add_argument("--log_level", default="INFO", help="The lowest level to log")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, split, exit."""
    args = get_parser().parse_args(cmd)
    from espnet2.fileio.split_scps import split_scps
    from espnet2.utils.log import setup_logging

    setup_logging(args.log_level)
    split_scps(args.scps, args.names, args.num_splits, args.output_dir)


if __name__ == "__main__":
    run_door(main)

"""Make one of the statistics that parallel jobs have collected."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    parser.add_argument("--input_dir", action="append", required=True, help="A job's folder; give one flag per job")
    parser.add_argument("--output_dir", required=True, help="Gets train/ and valid/")
    parser.add_argument("--skip_sum_stats", action="store_true", help="Join the shape tables only")
    parser.add_argument("--log_level", default="INFO", help="The lowest level to log")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, aggregate, exit."""
    args = get_parser().parse_args(cmd)
    from espnet2.fileio.aggregate_stats import aggregate_stats_dirs
    from espnet2.utils.log import setup_logging

    setup_logging(args.log_level)
    aggregate_stats_dirs(args.input_dir, args.output_dir, args.skip_sum_stats)


if __name__ == "__main__":
    run_door(main)

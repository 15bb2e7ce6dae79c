"""Report every problem of data folders at once, with file and line."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door
from espnet2.utils.types import int_or_none, parse_size_or_none, str2bool


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__, usage="%(prog)s [options] <folder>...")
    parser.add_argument("folders", nargs="+", help="Data folders")
    parser.add_argument("--fs", type=parse_size_or_none, help="The sampling rate that all audio must have, such as 16k")
    parser.add_argument("--need_audio", type=str2bool, default=True, help="Whether audio must be there and readable")
    parser.add_argument("--num_channels", type=int_or_none, help="How many channels all audio must have")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, check, tell."""
    args = get_parser().parse_args(cmd)
    from espnet2.fileio.check_data_dir import check_data_dirs

    for note in check_data_dirs(args.folders, args.fs, args.need_audio, args.num_channels):
        print(note)
    print(f"No problems in {' '.join(args.folders)}")


if __name__ == "__main__":
    run_door(main)

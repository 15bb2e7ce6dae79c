"""Copy a data folder without utterances that are too short, too long or without text; tell how many left and why."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door
from espnet2.utils.types import parse_size


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    add = parser.add_argument
    add("--in_dir", required=True, help="A formatted folder, such as dump/raw/org/train")
    add("--out_dir", required=True, help="Where the rest goes, such as dump/raw/train")
    add("--min_seconds", type=float, default=0.1, help="Utterances must be longer")
    add("--max_seconds", type=float, default=20.0, help="Utterances must be shorter")
    add("--fs", type=parse_size, default=16000, help="Samples (or frames) in a second, such as 16k")
    add("--text_files", default="text", help="Names of files where a missing or empty line drops the utterance")
    add("--lengths", default="utt2num_samples", help="File with the lengths, or feats_shape for frames")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, filter, tell."""
    args = get_parser().parse_args(cmd)
    from espnet2.fileio.length_filter import LengthFilter

    seconds = args.min_seconds, args.max_seconds
    chosen = LengthFilter(args.in_dir, *seconds, args.fs, args.text_files.split(), args.lengths)
    chosen.copy(args.out_dir)
    print("\n".join(chosen.summary()))


if __name__ == "__main__":
    run_door(main)

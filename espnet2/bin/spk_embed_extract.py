"""Write a vector of the speaker for each utterance of a data folder, and for each speaker the mean of them."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    add = parser.add_argument
    add("--data_dir", required=True, help="A data folder, with wav.scp and utt2spk")
    add("--output_dir", required=True, help="Where <name>.{scp,ark} and spk_<name>.{scp,ark} go")
    add("--name", default="xvector", help="Of the tables")
    add("--tool", default="resemblyzer", choices=["resemblyzer"], help="Whose network makes the vectors")
    add("--ngpu", type=int, default=0, help="GPUs: 0 or 1")
    add("--log_level", default="INFO", help="The lowest level to log")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, compute, write."""
    args = get_parser().parse_args(cmd)
    from espnet2.inference.speaker_vectors import write_speaker_vectors
    from espnet2.utils.log import setup_logging

    setup_logging(args.log_level)
    write_speaker_vectors(args.data_dir, args.output_dir, args.name, "cuda" if args.ngpu else "cpu")


if __name__ == "__main__":
    run_door(main)

"""Find utterances in a recording: ``python -m espnet2.bin.asr_align --help``. In Python: ``CTCSegmentation`` from here."""

from collections.abc import Sequence
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.inference.align_options import AlignOptions
from espnet2.inference.options import make_parser
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    parser = make_parser("Find the utterances of a text in a recording.", AlignOptions)
    parser.add_argument("-a", "--audio", required=True, help="The recording")
    parser.add_argument("-t", "--text", required=True, help="Its utterances in their order, one a line")
    parser.add_argument("-o", "--output", default="-", help="File to write; -: standard output")
    levels = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
    parser.add_argument("--log_level", default="INFO", choices=levels, help="How much is logged")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = get_parser().parse_args(cmd)
    from espnet2.inference.align import align_files

    align_files(args)


def __getattr__(name: str) -> Any:
    if name == "CTCSegmentation":
        from espnet2.inference.align import CTCSegmentation

        return CTCSegmentation
    raise AttributeError(f"module '{__name__}' has no '{name}'")


if __name__ == "__main__":
    run_door(main)

"""Durations of a synthesiser's tokens from a recogniser's CTC: ``python -m espnet2.bin.ctc_durations --help``."""

from collections.abc import Sequence

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door
from espnet2.utils.types import str_or_none


def get_parser() -> ConfigParser:
    """All options."""
    parser = ConfigParser(description="Write the frames of each token of a data folder's texts, found by a recogniser.")
    add = parser.add_argument
    add("--asr", required=True, help="The recogniser's experiment folder, or a .pth in it")
    add("--wav_scp", required=True, help="Recordings")
    add("--text", required=True, help="Their texts")
    add("--output", required=True, help="Where the table goes")
    add("--fs", type=int, default=16000, help="Sampling rate of the recordings and of the synthesiser's features")
    add("--n_shift", type=int, default=256, help="Samples between frames of these features")
    add("--token_type", default="phn", choices=("phn", "char", "word"), help="The synthesiser's tokens")
    add("--cleaner", type=str_or_none, help="The synthesiser's cleaner")
    add("--g2p", type=str_or_none, help="Its grapheme to phoneme")
    add("--non_linguistic_symbols", type=str_or_none, help="File of symbols that stay whole")
    add("--ngpu", type=int, default=0, help="GPUs: 0 or 1")
    add("--log_level", default="INFO", help="The lowest level to log")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = get_parser().parse_args(cmd)
    from espnet2.inference.ctc_durations import write_ctc_durations

    write_ctc_durations(args)


if __name__ == "__main__":
    run_door(main)

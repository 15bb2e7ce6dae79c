"""Transcribe sound files: ``python -m espnet2.bin.asr_transcribe --exp exp/asr_... a.wav b.flac``."""

from collections.abc import Sequence

from espnet2.config.cli import ConfigParser
from espnet2.inference.options import RecogniserOptions, TranscribeOptions, make_parser
from espnet2.search.options import SearchOptions
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    parser = make_parser("Transcribe sound files.", TranscribeOptions, RecogniserOptions, SearchOptions)
    parser.add_argument("audio", nargs="+", help="Sound files: wav, flac, ogg, mp3, ... of any sampling rate")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run with the words of a command line (by default this process's own)."""
    args = get_parser().parse_args(cmd)
    from espnet2.inference.transcribe import transcribe

    transcribe(args)


if __name__ == "__main__":
    run_door(main)

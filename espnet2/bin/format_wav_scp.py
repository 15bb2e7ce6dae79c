"""Turn a wav.scp into plain sound files of one rate, one per utterance."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door
from espnet2.utils.types import int_or_none, parse_size_or_none, str2bool, str_or_none


def get_parser() -> argparse.ArgumentParser:
    """The options of the format stage."""
    parser = ConfigParser(description=__doc__, usage="%(prog)s [options] <wav.scp> <outdir>")
    add = parser.add_argument
    add("scp", help="The table '<id> <path or command |>'")
    add("outdir", help="Gets the new table, utt2num_samples and the audio")
    add("--name", default="wav.scp", help="File name of the new table")
    add("--segments", type=str_or_none, help="'<utterance> <recording> <start> <end>' in seconds; end -1 = to the end")
    add("--fs", type=parse_size_or_none, help="Resample to this rate, such as 16k; by default the rate stays")
    add("--audio_format", default="wav", help="wav, flac, ogg, or wav.ark, flac.ark for one archive")
    add("--audio_subtype", type=str_or_none, help="Sample coding, such as PCM_24 (default: PCM_16, ogg: VORBIS)")
    add("--ref_channels", type=str_or_none, help="Keep these channels, such as 0 or 3,4,5")
    add("--utt2ref_channels", type=str_or_none, help="'<utterance> <channels>' lines, instead of --ref_channels")
    add("--num_channels", type=int_or_none, help="Refuse audio that has another number of channels (after the choice)")
    add("--part_of", type=str_or_none, help="The table that this one (or --segments) is a part of, for messages")
    add("--reco2speed", type=str_or_none, help="'<recording> <factor>': play that much faster (1.0 where missing)")
    add("--vad_based_trim", type=str_or_none, help="'<utterance> <start>:<end> ...' in seconds: cut what lies around")
    add("--multi_columns_input", type=str2bool, default=False, help="A line names one file per channel")
    add("--multi_columns_output", type=str2bool, default=False, help="Write one file per channel")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, format, exit."""
    options = vars(get_parser().parse_args(cmd))
    from espnet2.fileio.format_audio import AudioFormatter, FormatOptions
    from espnet2.utils.log import setup_logging

    setup_logging()
    del options["config"]
    AudioFormatter(options.pop("scp"), options.pop("outdir"), FormatOptions(**options)).run()


if __name__ == "__main__":
    run_door(main)

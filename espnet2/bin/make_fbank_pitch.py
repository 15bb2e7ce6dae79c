"""Turn a wav.scp into Kaldi's filterbank features with pitch: feats.scp, feats.ark, feats_shape, utt2num_frames."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door
from espnet2.utils.types import parse_size, str2bool, str_or_none


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__, usage="%(prog)s [options] <wav.scp> <outdir>")
    add = parser.add_argument
    add("scp", help="The table '<id> <path or command |>'")
    add("outdir", help="Gets the new tables and the archive")
    add("--segments", type=str_or_none, help="'<utterance> <recording> <start> <end>' in seconds; end -1 = to the end")
    add("--fs", type=parse_size, default=16000, help="The audio is brought to this rate first, such as 16k")
    add("--fbank_config", type=str_or_none, help="Kaldi's fbank.conf (default: 80 bands)")
    add("--pitch_config", type=str_or_none, help="Kaldi's pitch.conf, options of its post-processing included")
    add("--add_pitch", type=str2bool, default=True, help="Three features of the pitch behind the filterbank")
    add("--ref_channels", type=str_or_none, help="Take this channel, such as 0, of audio that has several")
    add("--reco2speed", type=str_or_none, help="'<recording> <factor>': play that much faster (1.0 where missing)")
    add("--part_of", type=str_or_none, help="The table that this one (or --segments) is a part of, for messages")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, make, exit."""
    args = get_parser().parse_args(cmd)
    from espnet2.fileio.format_audio import FormatOptions
    from espnet2.fileio.kaldi_features import FeatureMaker, FeatureOptions
    from espnet2.utils.log import setup_logging

    setup_logging()
    audio = FormatOptions(
        segments=args.segments, ref_channels=args.ref_channels, reco2speed=args.reco2speed, part_of=args.part_of
    )
    features = FeatureOptions(args.fs, args.fbank_config, args.pitch_config, args.add_pitch)
    FeatureMaker(args.scp, args.outdir, audio, features).run()


if __name__ == "__main__":
    run_door(main)

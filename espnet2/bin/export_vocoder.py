"""Write a trained vocoder in the files of the package ParallelWaveGAN: ``python -m espnet2.bin.export_vocoder --help``."""

from argparse import ArgumentParser
from collections.abc import Sequence

from espnet2.utils.door import run_door


def get_parser() -> ArgumentParser:
    """All options."""
    parser = ArgumentParser(
        description="From a model of `gan_tts_train --tts vocoder` to checkpoint.pkl and config.yml"
    )
    parser.add_argument("--model_file", required=True, help="Its weights (.pth)")
    parser.add_argument("--train_config", help="Its config.yaml; by default the one beside the weights")
    parser.add_argument("--output_dir", required=True, help="Where to write")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Export as the words of a command line say (by default this process's own)."""
    args = get_parser().parse_args(cmd)
    from espnet2.tasks.gan_tts import export_vocoder

    print(export_vocoder(args.train_config, args.model_file, args.output_dir))


if __name__ == "__main__":
    run_door(main)

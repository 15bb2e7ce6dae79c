"""Durations of the recordings of a wav.scp, from their headers."""

import argparse
from concurrent.futures import ThreadPoolExecutor

from espnet2.fileio.audio import audio_info
from espnet2.fileio.read_text import load_num_sequence_text, read_2columns_text
from espnet2.utils.atomic import atomic_write
from espnet2.utils.door import run_door
from espnet2.utils.errors import InputError


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("wav_scp", help="Lines of <id> <path or command |>")
    parser.add_argument("output", help="Lines of <id> <seconds>")
    parser.add_argument("--reco2speed", help="Lines of <id> <factor>: the recording is to be played so much faster")
    parser.add_argument("--num_threads", type=int, default=4, help="Recordings looked at together")
    return parser


def recording_seconds(key: str, source: str) -> float:
    """The length of one recording (a pipe has to be run for it).

    Raises:
        InputError: If it cannot be read or is empty; names the id.
    """
    try:
        info = audio_info(source)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
    if info.num_samples == 0:
        raise InputError(f"{key}: {source}: no samples")
    return info.num_samples / info.sample_rate


def main(cmd: list[str] | None = None) -> None:
    """Write the durations, in the order of wav.scp."""
    args = get_parser().parse_args(cmd)
    sources = read_2columns_text(args.wav_scp)
    speeds = load_num_sequence_text(args.reco2speed, "text_float") if args.reco2speed else {}
    with ThreadPoolExecutor(args.num_threads) as pool, atomic_write(args.output, "w") as out:
        for key, seconds in zip(sources, pool.map(recording_seconds, sources.keys(), sources.values())):
            out.write(f"{key} {seconds / speeds.get(key, [1.0])[0]:.6g}\n")


if __name__ == "__main__":
    run_door(main)

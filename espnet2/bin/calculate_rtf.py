"""Print the real-time factor and the latency of a decoding from its logs."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    add = parser.add_argument
    add("--log_dir", required=True, help="Folder of the jobs' logs")
    add("--log_name", default="asr_inference", help="The logs are <log_name>.<job>.log")
    add("--input_shift", type=float, default=0.0625, help="Milliseconds per unit of the lengths: 1000 / sampling rate")
    add("--start_times_marker", default="speech length", help="Marks the line of an utterance's start")
    add("--end_times_marker", default="best hypo", help="Marks the line of its hypothesis")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, add up, print."""
    args = get_parser().parse_args(cmd)
    from espnet2.text.real_time_factor import find_logs, read_timing

    logs = find_logs(args.log_dir, args.log_name)
    timing = read_timing(logs, args.input_shift, args.start_times_marker, args.end_times_marker)
    print("\n".join(timing.lines()))


if __name__ == "__main__":
    run_door(main)

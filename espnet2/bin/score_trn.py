"""Score hypotheses against references: sclite does it where it is on PATH, else this toolkit, with the same tables."""

import argparse
import sys
from collections.abc import Iterable

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    parser.add_argument("--ref", required=True, help="References: '<tokens> (<speaker>-<utterance>)' lines")
    parser.add_argument("--hyp", required=True, help="Hypotheses, in any order")
    parser.add_argument("--out", default="-", help="The report; - for standard output")
    parser.add_argument("--sclite_opts", default="", help="Further options for sclite; ours minds -s (case matters)")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, score, write."""
    args = get_parser().parse_args(_join_options(sys.argv[1:] if cmd is None else cmd))
    import shlex
    import shutil

    from espnet2.text.score_report import report
    from espnet2.text.scoring import read_trn, run_sclite, score
    from espnet2.utils.atomic import atomic_write

    lines: Iterable[str]
    options = shlex.split(args.sclite_opts)
    if shutil.which("sclite"):
        lines = run_sclite(args.ref, args.hyp, options)
    else:
        ignore_case = "-s" not in options
        ignored = [option for option in options if option != "-s"]
        if ignored:
            print(f"sclite is not on PATH: its options {' '.join(ignored)} have no effect", file=sys.stderr)
        lines = report(score(read_trn(args.ref), read_trn(args.hyp), ignore_case), args.hyp, ignore_case)
    text = "".join(f"{line}\n" for line in lines)
    if args.out == "-":
        sys.stdout.write(text)
    else:
        with atomic_write(args.out, "w") as stream:
            stream.write(text)


def _join_options(words: list[str]) -> list[str]:
    """``--sclite_opts -s`` -> ``--sclite_opts=-s``: argparse takes a value that begins with a dash only so."""
    for flag in ("--sclite_opts", "--sclite-opts"):
        if flag in words[:-1]:
            place = words.index(flag)
            return [*words[:place], f"{flag}={words[place + 1]}", *words[place + 2 :]]
    return words


if __name__ == "__main__":
    run_door(main)

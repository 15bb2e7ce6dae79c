"""How fast decoding was, from the times of its log lines."""

import datetime
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from espnet2.fileio.read_text import read_lines
from espnet2.utils.errors import InputError

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d+")


class Timing(NamedTuple):
    """What logs tell of a decoding."""

    audio_seconds: float
    decoding_seconds: float
    num_started: int
    num_finished: int

    def lines(self) -> Iterable[str]:
        """The report."""
        yield f"Total audio duration: {self.audio_seconds:.3f} [sec]"
        yield f"Total decoding time: {self.decoding_seconds:.3f} [sec]"
        yield f"RTF: {self.decoding_seconds / self.audio_seconds:.4f}"
        yield f"Latency: {1000 * self.decoding_seconds / self.num_started:.1f} [ms/sentence]"
        yield f"Utterances: {self.num_started}, {self.num_started - self.num_finished} of them without a hypothesis"


def read_timing(
    logs: Sequence[str | os.PathLike],
    shift_milliseconds: float = 0.0625,
    start_marker: str = "speech length",
    end_marker: str = "best hypo",
) -> Timing:
    """Add up the times from the start lines of a batch (one or more in a row) to its last end line.

    Args:
        logs: Log files of the jobs.
        shift_milliseconds: Duration of one unit of the lengths: 0.0625 for samples at 16 kHz.
        start_marker: Stands, with ``: <length>``, in the line of an utterance's start.
        end_marker: Stands in the line of its hypothesis; lines may be missing.
    Raises:
        InputError: If there are no start lines.
    """
    units, seconds, started, finished = 0, 0.0, 0, 0
    for log in logs:
        last: datetime.datetime | None = None
        has_ended = True
        for _, line in read_lines(log):
            time = _time_of(line)
            if time is None:
                continue
            if start_marker in line:
                if has_ended:
                    last, has_ended = time, False
                units += int(line.split(start_marker)[1].strip(" :").split()[0])
                started += 1
            elif end_marker in line and last is not None:
                seconds += (time - last).total_seconds()
                last, has_ended = time, True
                finished += 1
    if not started or not units:
        raise InputError(f"no '{start_marker}' lines in {', '.join(str(log) for log in logs) or 'any log'}")
    return Timing(units * shift_milliseconds / 1000, seconds, started, finished)


def find_logs(folder: str | os.PathLike, name: str) -> list[Path]:
    """``<name>.<job>.log`` files of a folder."""
    return sorted(Path(folder).glob(f"{name}.*.log"))


def _time_of(line: str) -> datetime.datetime | None:
    match = _TIME.search(line)
    return datetime.datetime.fromisoformat(match[0].replace(",", ".")) if match else None

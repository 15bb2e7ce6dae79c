"""How the benchmarks measure: medians of wall-clock times, and the machine they are of."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def median_seconds(action: Callable[[], object], runs: int) -> float:
    """The median wall-clock time of ``action`` after one warm-up."""
    return medians_in_turn([action], runs)[0]


def medians_in_turn(actions: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """The median wall-clock time of each action after one warm-up; they take turns, for machines have moods."""
    times: list[list[float]] = [[] for _ in actions]
    for run in range(runs + 1):
        for action, own in zip(actions, times):
            start = time.perf_counter()
            action()
            if run > 0:
                own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in times]


def machine() -> str:
    """The processor and what is used of it."""
    import torch

    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].split(":", 1)[1].strip() if names else platform.processor()
    threads = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    return f"{name}, {threads}, torch {torch.__version__}, Python {platform.python_version()}"

"""What a training has to tell: averages per interval and epoch, for log lines, curves and the choice of the best epoch.

Values arrive as tensors and stay tensors until a line is due: turning each into a number at once would make the device
wait for every batch.
"""

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from humanfriendly import format_timespan
from torch import Tensor

from espnet2.train.distributed import reduce_stats

RESERVED = ("time", "total_count")
Value = Tensor | float | None


def to_text(value: float) -> str:
    """A number as log lines show it."""
    return f"{value:.3f}" if 1e-3 < abs(value) <= 1e3 else f"{value:.3e}"


class SubReporter:
    """Collects the values of one phase of one epoch.

    Args:
        phase: ``train``, ``valid`` or ``att_plot``.
        epoch: From 1.
        total_count: Batches of this phase in all epochs before.
    """

    def __init__(self, phase: str, epoch: int, total_count: int = 0):
        self.phase = phase
        self.epoch = epoch
        self.total_count = total_count
        self.count = 0
        self._start = time.perf_counter()
        # Values not yet summed: (value, weight); a weight of None marks a plain mean.
        self._waiting: dict[str, list[tuple[Any, Any]]] = {}
        self._interval: dict[str, tuple[float, float]] = {}
        self._epoch: dict[str, tuple[float, float]] = {}

    def register(self, stats: Mapping[str, Value], weight: Value = None) -> None:
        """Take the values of one batch.

        Args:
            stats: Scalars by name; None is left out.
            weight: What they are means over; values that are not finite are then ignored. Without one the average is
                plain and only ignores NaN.
        """
        weight = weight.detach() if isinstance(weight, Tensor) else weight
        for name, value in stats.items():
            if name in RESERVED:
                raise ValueError(f"'{name}' is the reporter's own; name the value otherwise")
            if value is not None:
                value = value.detach() if isinstance(value, Tensor) else value
                self._waiting.setdefault(name, []).append((value, weight))

    def next(self) -> None:
        """One batch is done."""
        self.count += 1
        self.total_count += 1

    def interval(self) -> dict[str, float]:
        """Averages over all ranks since the last call."""
        self._settle()
        averages = _averages(self._interval)
        self._interval = {}
        return averages

    def log_message(self, averages: Mapping[str, float], start: int, end: int) -> str:
        """``3epoch:train:21-40batch: loss=1.234, acc=0.567``."""
        values = ", ".join(f"{name}={to_text(value)}" for name, value in averages.items())
        return f"{self.epoch}epoch:{self.phase}:{start}-{end}batch: {values}"

    def finish(self) -> dict[str, float]:
        """Averages of the epoch with ``time`` (seconds), ``total_count`` and, on a GPU, ``gpu_max_cached_mem_GB``."""
        self._settle()
        results = _averages(self._epoch)
        results["time"] = time.perf_counter() - self._start
        results["total_count"] = self.total_count
        if torch.cuda.is_initialized():
            results["gpu_max_cached_mem_GB"] = torch.cuda.max_memory_reserved() / 2**30
        return results

    def _settle(self) -> None:
        """Add what waits to the sums, together with what the other ranks have."""
        sums = reduce_stats({name: _sum(values) for name, values in self._waiting.items()})
        for name, (total, weight) in sums.items():
            for kept in (self._interval, self._epoch):
                old_total, old_weight = kept.get(name, (0.0, 0.0))
                kept[name] = (old_total + total, old_weight + weight)
        self._waiting = {}


def _sum(values: list[tuple[Any, Any]]) -> tuple[float, float]:
    """Weighted sum and sum of weights of the values that count."""
    numbers = _numbers([value for value, _ in values])
    weights = [weight for _, weight in values]
    if weights[0] is None:
        kept = [number for number in numbers if not math.isnan(number)]
        return math.fsum(kept), float(len(kept))
    pairs = [(n, w) for n, w in zip(numbers, _numbers(weights)) if math.isfinite(n)]
    return math.fsum(n * w for n, w in pairs), math.fsum(w for _, w in pairs)


def _numbers(values: list[Any]) -> list[float]:
    """All values at once, so that a device is waited for once."""
    if isinstance(values[0], Tensor):
        device = values[0].device
        return torch.stack([torch.as_tensor(value, device=device).reshape(()) for value in values]).tolist()
    return [float(value) for value in values]


def _averages(sums: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    return {name: total / weight if weight else math.nan for name, (total, weight) in sums.items()}


class Reporter:
    """The results of all epochs.

    Attributes:
        epoch: The epoch under way, or the last one finished.
        stats: Epoch -> phase -> name -> value.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.stats: dict[int, dict[str, dict[str, float]]] = {}

    @contextmanager
    def observe(self, phase: str) -> Iterator[SubReporter]:
        """Collect a phase of the present epoch; its averages are kept when the block ends well."""
        before = self.stats.get(self.epoch - 1, {}).get(phase, {}).get("total_count", 0)
        sub_reporter = SubReporter(phase, self.epoch, int(before))
        yield sub_reporter
        self.stats.setdefault(self.epoch, {})[phase] = sub_reporter.finish()

    def has(self, phase: str, name: str, epoch: int | None = None) -> bool:
        """Whether there is such a value."""
        return name in self.stats.get(epoch or self.epoch, {}).get(phase, {})

    def value(self, phase: str, name: str, epoch: int | None = None) -> float:
        """One value of an epoch (by default the present one)."""
        return self.stats[epoch or self.epoch][phase][name]

    def ranked(self, phase: str, name: str, mode: str) -> list[int]:
        """Epochs from best to worst; of equal ones the earlier first, those without a number last.

        Args:
            phase: Such as ``valid``.
            name: Such as ``loss``.
            mode: ``min`` or ``max``: which values are better.
        """
        sign = {"min": 1.0, "max": -1.0}[mode]
        values = {epoch: self.value(phase, name, epoch) for epoch in sorted(self.stats) if self.has(phase, name, epoch)}
        return sorted(values, key=lambda epoch: math.inf if math.isnan(values[epoch]) else sign * values[epoch])

    def curves(self) -> dict[str, dict[str, tuple[list[int], list[float]]]]:
        """Name -> phase -> (epochs, values), for plots."""
        curves: dict[str, dict[str, tuple[list[int], list[float]]]] = defaultdict(dict)
        for epoch in sorted(self.stats):
            for phase, values in self.stats[epoch].items():
                for name, value in values.items():
                    if name not in RESERVED:
                        epochs, ys = curves[name].setdefault(phase, ([], []))
                        epochs.append(epoch)
                        ys.append(value)
        return curves

    def log_message(self) -> str:
        """``3epoch results: [train] loss=1.234, ..., time=5 seconds, total_count=120, [valid] ...``."""
        parts = []
        for phase, values in self.stats[self.epoch].items():
            words = [f"{k}={to_text(v)}" for k, v in values.items() if k not in (*RESERVED, "gpu_max_cached_mem_GB")]
            words += [f"time={format_timespan(values['time'])}", f"total_count={values['total_count']:.0f}"]
            if "gpu_max_cached_mem_GB" in values:
                words.append(f"gpu_max_cached_mem_GB={to_text(values['gpu_max_cached_mem_GB'])}")
            parts.append(f"[{phase}] {', '.join(words)}")
        return f"{self.epoch}epoch results: {', '.join(parts)}"

    def state_dict(self) -> dict[str, Any]:
        """Plain containers, for a checkpoint."""
        return {"stats": self.stats, "epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue after the epoch that the state was taken at."""
        self.stats = dict(state["stats"])
        self.epoch = int(state["epoch"])

"""Schedules that rise during a warm-up and are a closed formula of the number of updates.

All scale the learning rate lr0 given to the optimiser. n counts the updates from 1: the first update is made at n = 1.

- Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 5.3
  (``NoamLR``, ``WarmupLR``)
- Park et al., "SpecAugment", 2019, https://arxiv.org/abs/1904.08779, section 3.1 (``TriStageLR``)
"""

import bisect
import logging
import math
from collections.abc import Sequence
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class PerUpdateLR(LRScheduler):
    """Learning rates lr0 * factor(n), stepped after every update."""

    stepped = ("batch",)

    def factor(self, n: int) -> float:
        """What lr0 is multiplied by at the n-th update."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """Learning rates of the coming update, one per parameter group."""
        factor = self.factor(self.last_epoch + 1)
        return [lr * factor for lr in self.base_lrs]


class WarmupLR(PerUpdateLR):
    """lr0 * w^0.5 * min(n^-0.5, n * w^-1.5): linear up to lr0 at n = w, then as the inverse root.

    Args:
        optimizer: Whose learning rate.
        warmup_steps: Updates w until the peak.
        last_epoch: Updates made so far, less one.
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: float = 25000, last_epoch: int = -1):
        self.warmup_steps = _positive("warmup_steps", warmup_steps)
        super().__init__(optimizer, last_epoch)

    def factor(self, n: int) -> float:
        """See the class."""
        return self.warmup_steps**0.5 * min(n**-0.5, n * self.warmup_steps**-1.5)


class NoamLR(PerUpdateLR):
    """lr0 * d^-0.5 * min(n^-0.5, n * w^-1.5), d the model size. ``WarmupLR`` says the same with the peak as its lr0.

    Args:
        optimizer: Whose learning rate.
        model_size: d.
        warmup_steps: w.
        last_epoch: Updates made so far, less one.
    """

    def __init__(
        self, optimizer: Optimizer, model_size: float = 320, warmup_steps: float = 25000, last_epoch: int = -1
    ):
        self.model_size = _positive("model_size", model_size)
        self.warmup_steps = _positive("warmup_steps", warmup_steps)
        lr = optimizer.param_groups[0]["lr"] * (model_size * warmup_steps) ** -0.5
        logging.warning(
            f"noamlr is old: scheduler warmuplr with the same warmup_steps and optim_conf lr={lr:.4g} equals it"
        )
        super().__init__(optimizer, last_epoch)

    def factor(self, n: int) -> float:
        """See the class."""
        return self.model_size**-0.5 * min(n**-0.5, n * self.warmup_steps**-1.5)


class WarmupStepLR(PerUpdateLR):
    """lr0 * n / w up to n = w, then lr0 * gamma^k with k = (n // s - w // s) // step_size, s updates making an epoch.

    Args:
        optimizer: Whose learning rate.
        warmup_steps: w.
        steps_per_epoch: s.
        step_size: Epochs between two drops.
        gamma: Factor of a drop.
        last_epoch: Updates made so far, less one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: float = 25000,
        steps_per_epoch: int = 10000,
        step_size: int = 1,
        gamma: float = 0.1,
        last_epoch: int = -1,
    ):
        self.warmup_steps = _positive("warmup_steps", warmup_steps)
        self.steps_per_epoch = _positive("steps_per_epoch", steps_per_epoch)
        self.step_size = _positive("step_size", step_size)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, n: int) -> float:
        """See the class."""
        if n <= self.warmup_steps:
            return n / self.warmup_steps
        epochs = n // self.steps_per_epoch - self.warmup_steps // self.steps_per_epoch
        return self.gamma ** (epochs // self.step_size)


class PiecewiseLinearWarmupLR(PerUpdateLR):
    """Straight lines between given points; beyond the last, lr0 * w^0.5 * n^-0.5 with w the last point's n.

    Args:
        optimizer: Whose learning rate.
        warmup_steps_list: Updates of the points, ascending.
        warmup_lr_list: Learning rates there.
        last_epoch: Updates made so far, less one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps_list: Sequence[float] = (0, 25000),
        warmup_lr_list: Sequence[float] = (0.0, 0.001),
        last_epoch: int = -1,
    ):
        if len(warmup_steps_list) != len(warmup_lr_list) or list(warmup_steps_list) != sorted(set(warmup_steps_list)):
            raise ValueError("warmup_steps_list must ascend and have one value per value of warmup_lr_list")
        self.warmup_steps_list = list(warmup_steps_list)
        self.warmup_lr_list = list(warmup_lr_list)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Learning rates of the coming update, one per parameter group."""
        n, steps, rates = self.last_epoch + 1, self.warmup_steps_list, self.warmup_lr_list
        if n > steps[-1]:
            return [lr * (steps[-1] / n) ** 0.5 for lr in self.base_lrs]
        right = max(1, bisect.bisect_left(steps, n))
        slope = (rates[right] - rates[right - 1]) / (steps[right] - steps[right - 1])
        return [rates[right - 1] + slope * max(0.0, n - steps[right - 1])] * len(self.base_lrs)


class TriStageLR(PerUpdateLR):
    """A linear rise from init_lr_scale * lr0, a plateau at lr0, an exponential fall to final_lr_scale * lr0.

    Args:
        optimizer: Whose learning rate.
        max_steps: Updates of the three stages together.
        warmup_ratio: Share of the first stage.
        hold_ratio: Share of the second.
        decay_ratio: Share of the third; the three sum to 1.
        init_lr_scale: Start, relative to lr0.
        final_lr_scale: End, relative to lr0.
        last_epoch: Updates made so far, less one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_steps: float = 25000,
        warmup_ratio: float = 0.1,
        hold_ratio: float = 0.4,
        decay_ratio: float = 0.5,
        init_lr_scale: float = 0.01,
        final_lr_scale: float = 0.01,
        last_epoch: int = -1,
    ):
        if not math.isclose(warmup_ratio + hold_ratio + decay_ratio, 1.0, abs_tol=1e-6):
            raise ValueError("warmup_ratio, hold_ratio and decay_ratio must sum to 1")
        _positive("max_steps", max_steps)
        self.warmup_steps = int(max_steps * warmup_ratio)
        self.hold_steps = int(max_steps * hold_ratio)
        self.decay_steps = int(max_steps * decay_ratio)
        self.init_lr_scale = init_lr_scale
        self.final_lr_scale = final_lr_scale
        super().__init__(optimizer, last_epoch)

    def factor(self, n: int) -> float:
        """See the class."""
        if n < self.warmup_steps:
            return self.init_lr_scale + (1 - self.init_lr_scale) * n / self.warmup_steps
        fallen = n - self.warmup_steps - self.hold_steps
        if fallen < 0:
            return 1.0
        if fallen > self.decay_steps:
            return self.final_lr_scale
        return math.exp(math.log(self.final_lr_scale) * fallen / max(self.decay_steps, 1))


def _positive(name: str, value: float) -> float:
    if value <= 0:
        raise ValueError(f"{name} must be positive, not {value}")
    return value

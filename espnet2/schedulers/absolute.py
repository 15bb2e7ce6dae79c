"""Schedules between a highest and a lowest learning rate of their own; the one given to the optimiser does not matter.

- Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017,
  https://arxiv.org/abs/1608.03983, equation 5
"""

import math
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class CosineAnnealingWarmupRestarts(LRScheduler):
    """Cycles of a linear rise and a cosine fall, each longer by ``cycle_mult`` and lower by ``gamma``.

    Args:
        optimizer: Whose learning rate.
        first_cycle_steps: Updates of the first cycle, its warm-up included.
        cycle_mult: How the fall lengthens from one cycle to the next.
        max_lr: Peak of the first cycle.
        min_lr: Start of the rise and end of the fall.
        warmup_steps: Updates of each rise.
        gamma: How the peak shrinks from one cycle to the next.
        last_epoch: Updates made so far, less one.
    """

    stepped = ("batch",)

    def __init__(
        self,
        optimizer: Optimizer,
        first_cycle_steps: int,
        cycle_mult: float = 1.0,
        max_lr: float = 0.1,
        min_lr: float = 0.001,
        warmup_steps: int = 0,
        gamma: float = 1.0,
        last_epoch: int = -1,
    ):
        if not 0 <= warmup_steps < first_cycle_steps:
            raise ValueError("warmup_steps must be at least 0 and less than first_cycle_steps")
        if cycle_mult < 1:
            raise ValueError("cycle_mult must be at least 1")
        self.first_cycle_steps = first_cycle_steps
        self.cycle_mult = cycle_mult
        self.max_lr = max_lr
        self.min_lr = min_lr
        self.warmup_steps = warmup_steps
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Learning rates of the coming update, one per parameter group."""
        position, length, cycle = self.last_epoch, self.first_cycle_steps, 0
        while position >= length:
            position -= length
            length = int((length - self.warmup_steps) * self.cycle_mult) + self.warmup_steps
            cycle += 1
        height = self.max_lr * self.gamma**cycle - self.min_lr
        if position < self.warmup_steps:
            share = position / self.warmup_steps
        else:
            share = (1 + math.cos(math.pi * (position - self.warmup_steps) / (length - self.warmup_steps))) / 2
        return [self.min_lr + height * share] * len(self.base_lrs)


class ExponentialDecayWarmup(LRScheduler):
    """max_lr during the warm-up (or a rise to it from zero), then an exponential fall to min_lr at ``total_steps``.

    Args:
        optimizer: Whose learning rate.
        max_lr: Highest learning rate.
        min_lr: Learning rate at ``total_steps``.
        total_steps: Updates in all.
        warmup_steps: Updates of the warm-up.
        warm_from_zero: Rise linearly from zero during the warm-up.
        last_epoch: Updates made so far, less one.
    """

    stepped = ("batch",)

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        min_lr: float,
        total_steps: int,
        warmup_steps: int = 0,
        warm_from_zero: bool = False,
        last_epoch: int = -1,
    ):
        if not 0 < min_lr <= max_lr or not 0 <= warmup_steps < total_steps:
            raise ValueError("0 < min_lr <= max_lr and 0 <= warmup_steps < total_steps must hold")
        self.max_lr = max_lr
        self.min_lr = min_lr
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps
        self.warm_from_zero = warm_from_zero
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Learning rates of the coming update, one per parameter group."""
        step, warmup = self.last_epoch, self.warmup_steps
        if step < warmup:
            lr = self.max_lr * (step / warmup if self.warm_from_zero else 1.0)
        else:
            share = (step - warmup) / (self.total_steps - warmup)
            lr = self.max_lr * math.exp(math.log(self.min_lr / self.max_lr) * share)
        return [lr] * len(self.base_lrs)

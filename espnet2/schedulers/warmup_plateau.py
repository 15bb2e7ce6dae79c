"""A linear warm-up, then a reduction whenever a watched value stops to improve."""

from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau


class WarmupReduceLROnPlateau(ReduceLROnPlateau):
    """lr0 * n / w up to n = w updates; after that ``ReduceLROnPlateau``.

    Stepped both ways: ``step()`` after every update, ``step(value)`` after every epoch. Values that come during
    the warm-up are remembered for comparison, and reduce nothing yet.

    Args:
        optimizer: Whose learning rate.
        warmup_steps: w.
        mode: ``"min"`` or ``"max"``: which values are better.
        factor: Factor of a reduction.
        patience: Epochs without improvement before one.
        threshold: Least improvement that counts.
        threshold_mode: ``"rel"`` or ``"abs"``.
        cooldown: Epochs after a reduction that do not count.
        min_lr: Lower bound, one or one per parameter group.
        eps: Smallest reduction made.
    """

    stepped = ("batch", "value")

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int = 25000,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ):
        if warmup_steps <= 0:
            raise ValueError(f"warmup_steps must be positive, not {warmup_steps}")
        super().__init__(optimizer, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
        self.warmup_steps = warmup_steps
        self.num_updates = 0
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self._warm_up()

    def step(self, metrics: Any = None, epoch: int | None = None) -> None:  # type: ignore[override]
        """After an update (no value) or after an epoch (with the value to watch)."""
        if metrics is None:
            self.num_updates += 1
            self._warm_up()
        else:
            super().step(metrics, epoch)

    def _reduce_lr(self, epoch: int) -> None:
        if self.num_updates >= self.warmup_steps:
            super()._reduce_lr(epoch)

    def _warm_up(self) -> None:
        n = self.num_updates + 1
        if n <= self.warmup_steps:
            for group, lr in zip(self.optimizer.param_groups, self.base_lrs):
                group["lr"] = lr * n / self.warmup_steps

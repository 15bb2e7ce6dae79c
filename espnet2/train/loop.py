"""The training step: forward, backward, and the update when a group of batches is complete.

A loop of another kind (two players, several losses) overrides ``Loop.losses`` only. It is a generator: the second loss
is computed after the first has been taken back and its update made, so it sees the new weights.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from espnet2.schedulers.registry import BATCH, stepped
from espnet2.train.distributed import Distributed, share_by_weight
from espnet2.train.options import TrainerOptions

Report = Callable[[Mapping[str, Any], Any], None]


class OptimizationStep(NamedTuple):
    """One loss, and what it is to improve."""

    loss: Tensor  # scalar, a mean over this rank's batch
    name: str = "default"  # the optimiser that takes it
    weight: Tensor | None = None  # how much this rank's mean counts


class Loop:
    """Takes batches forward and back, and updates the weights.

    Args:
        model: Called as ``model(**batch)``; wrapped in DDP when there are several processes.
        optimizers: By the name that ``OptimizationStep`` gives.
        schedulers: By the same names; those stepped per update are stepped here.
        options: Clipping, noise, accumulation, precision.
        distributed: This process among others.

    Attributes:
        report: Takes values by name and their weight; the trainer sets it for each phase.
        scaler: Scales float16 losses; does nothing otherwise.
        num_updates: Updates made so far in the run.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        optimizers: Mapping[str, Optimizer],
        schedulers: Mapping[str, LRScheduler | None],
        options: TrainerOptions,
        distributed: Distributed,
    ):
        self.model = model
        self.optimizers = optimizers
        self.options = options
        self.accum_grad = options.accum_grad
        self.device = distributed.device
        self.parameters = {name: _parameters(optimizer) for name, optimizer in optimizers.items()}
        self.batch_schedulers = {n: s for n, s in schedulers.items() if s is not None and BATCH in stepped(s)}
        self.amp_dtype = _amp_dtype(self.device) if options.use_amp else None
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.amp_dtype is torch.float16)
        self.report: Report = _silent
        self.num_updates = 0

    def losses(self, batch: Mapping[str, Any]) -> Iterator[OptimizationStep]:
        """The losses of a batch, each with its optimiser; also run, without gradients, in validation."""
        loss, weight = self.forward(batch)
        yield OptimizationStep(loss, weight=weight)

    def has_begun(self, name: str) -> bool:
        """Whether this optimiser is in use yet; the schedules of others wait."""
        return True

    def forward(self, batch: Mapping[str, Any], prefix: str = "", **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Run the model and report its values.

        Args:
            batch: Keyword arguments of the model.
            prefix: Put before ``forward_time``, where one batch has several.
            **kwargs: More keyword arguments of the model.
        Returns:
            The loss and its weight.
        """
        start = time.perf_counter()
        with self.autocast():
            output = self.model(**batch, **kwargs)
        loss, stats, weight = _unpacked(output)
        if self.model.training:
            self.report({f"{prefix}forward_time": time.perf_counter() - start}, None)
        self.report(stats, weight)
        return loss, weight

    def step(self, batch: Mapping[str, Any], last: bool = True, group_size: int | None = None) -> Mapping[str, Tensor]:
        """Take one batch forward and back; update when it is the last of a group.

        Args:
            batch: Keyword arguments of the model.
            last: Whether the group of batches whose gradients are added up is complete.
            group_size: Batches of this group; by default ``accum_grad``. The last group of an epoch may be smaller.
        Returns:
            The norm of the gradient per optimiser, if an update was due; one that is not finite made none.
        """
        norms = {}
        with nullcontext() if last else self._no_sync():
            for loss, name, weight in self.losses(batch):
                prefix = "" if name == "default" else f"{name}_"
                start = time.perf_counter()
                self.scaler.scale(share_by_weight(loss, weight) / (group_size or self.accum_grad)).backward()
                self.report({f"{prefix}backward_time": time.perf_counter() - start}, None)
                if last:
                    norms[name] = self._update(name, prefix)
        if last:
            self.scaler.update()
        return norms

    def autocast(self) -> AbstractContextManager:
        """Mixed precision for the forward pass, if asked for."""
        if self.amp_dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.amp_dtype)

    def _no_sync(self) -> AbstractContextManager:
        return getattr(self.model, "no_sync", nullcontext)()

    def _update(self, name: str, prefix: str) -> Tensor:
        """Clip the gradients and take a step with them, unless they are not finite."""
        start = time.perf_counter()
        optimizer, parameters, options = self.optimizers[name], self.parameters[name], self.options
        self.scaler.unscale_(optimizer)
        if options.grad_noise:
            add_gradient_noise(parameters, self.num_updates)
        max_norm = options.grad_clip if options.grad_clip > 0 else float("inf")
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm, options.grad_clip_type, foreach=True)
        if torch.isfinite(norm):
            self.scaler.step(optimizer)
            if name in self.batch_schedulers:
                self.batch_schedulers[name].step()
            self.num_updates += 1
        else:
            logging.warning(f"The grad norm is {norm}. Skipping updating the model.")
        optimizer.zero_grad(set_to_none=True)
        self.report({f"{prefix}grad_norm": norm, f"{prefix}clip": (norm > max_norm) * 100.0}, None)
        self.report({"loss_scale": self.scaler.get_scale()}, None)
        self.report({f"{prefix}optim_step_time": time.perf_counter() - start}, None)
        index = list(self.optimizers).index(name)
        for group, settings in enumerate(optimizer.param_groups):
            self.report({f"optim{index}_lr{group}": settings["lr"]}, None)
        return norm


def add_gradient_noise(
    parameters: Sequence[Tensor], update: int, eta: float = 1.0, duration: int = 100, scale_factor: float = 0.55
) -> None:
    """Add Gaussian noise with deviation eta / (1 + update // duration)^scale_factor to the gradients.

    After Neelakantan et al., "Adding Gradient Noise Improves Learning for Very Deep Networks", 2015,
    https://arxiv.org/abs/1511.06807. The noise is a function of the update, so all ranks add the same.

    Args:
        parameters: Whose gradients.
        update: Updates made so far.
        eta: Deviation at the start.
        duration: Updates with the same deviation.
        scale_factor: How fast it falls.
    """
    sigma = eta / (1 + update // duration) ** scale_factor
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    generators = {device: torch.Generator(device).manual_seed(update) for device in {grad.device for grad in grads}}
    for grad in grads:
        noise = torch.randn(grad.shape, generator=generators[grad.device], device=grad.device, dtype=grad.dtype)
        grad.add_(noise, alpha=sigma)


def _silent(stats: Mapping[str, Any], weight: Any = None) -> None:
    """Where values go while nobody listens."""


def _unpacked(output: Any) -> tuple[Tensor, Mapping[str, Any], Tensor]:
    """(loss, stats, weight) from what a model returns: this tuple, or a dict with these keys."""
    return (output["loss"], output["stats"], output["weight"]) if isinstance(output, Mapping) else output


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _amp_dtype(device: torch.device) -> torch.dtype:
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return torch.float16
    return torch.bfloat16

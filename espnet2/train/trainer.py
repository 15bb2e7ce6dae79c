"""Epochs: train, validate, look, save, and decide whether to go on.

An epoch's result depends only on its number, the seed and the state at its start (all generators are seeded anew), so a
run resumed from ``checkpoint.pth`` continues as if it had not stopped.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from humanfriendly import format_timespan
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from espnet2.schedulers.registry import EPOCH, VALUE, stepped
from espnet2.train import checkpoint
from espnet2.train.abs_monitor import AbsMonitor
from espnet2.train.distributed import Distributed, in_step
from espnet2.train.keeper import Keeper
from espnet2.train.loop import Loop
from espnet2.train.monitors import build_monitors
from espnet2.train.options import TrainerOptions
from espnet2.train.plot_attention import draw_attention
from espnet2.train.reporter import Reporter, SubReporter
from espnet2.train.save_strategy import weights_to_save
from espnet2.utils.errors import InputError
from espnet2.utils.seed import set_all_random_seed

T = TypeVar("T")


class Trainer:
    """Trains a model for a number of epochs. ``Trainer.run`` makes one and runs it; see there for the arguments."""

    def __init__(
        self,
        model: torch.nn.Module,
        optimizers: Sequence[Optimizer] | Mapping[str, Optimizer],
        schedulers: Sequence[LRScheduler | None] | Mapping[str, LRScheduler | None],
        train_iter_factory: Any,
        valid_iter_factory: Any,
        plot_iter_factory: Any,
        output_dir: str | Path,
        options: TrainerOptions,
        distributed: Distributed,
        loop_class: Callable[..., Loop] = Loop,
        seed: int = 0,
        task_name: str = "",
    ):
        if options.accum_grad < 1:
            raise InputError("--accum_grad must be 1 or more.")
        self.model = model
        self.optimizers = _by_name(optimizers)
        self.schedulers = _by_name(schedulers)
        self.train_iter_factory = train_iter_factory
        self.valid_iter_factory = valid_iter_factory
        self.plot_iter_factory = plot_iter_factory
        self.output_dir = Path(output_dir)
        self.options = options
        self.distributed = distributed
        self.seed = seed
        self.task_name = task_name
        self.reporter = Reporter()
        self.keeper = Keeper(self.output_dir, self.reporter, options)
        self.loop = loop_class(distributed.wrap(model), self.optimizers, self.schedulers, options, distributed)
        self.monitors: list[AbsMonitor] = []

    @classmethod
    def run(cls, *args: Any, on_begin: Callable[[], Any] | None = None, **kwargs: Any) -> None:
        """Train.

        Args:
            model: On its device, with its type.
            optimizers: One, in a list, or several by the names that the loop's steps give.
            schedulers: A schedule or None for each optimiser, in the same form.
            train_iter_factory: ``build_iter(epoch)`` gives an iterable of (ids, batch).
            valid_iter_factory: The same for validation.
            plot_iter_factory: The same for the utterances whose attention is drawn; None for none.
            output_dir: Where all files go.
            options: The options of training.
            distributed: This process among others.
            loop_class: How a step is made.
            seed: Epoch e is seeded with ``seed + e``.
            task_name: For the names of others, such as a W&B project.
            on_begin: Called by the first process once the model is built or resumed, before anything else is written.
        Raises:
            InputError: If the checkpoint to resume from does not fit, a criterion has no values, or the disk is full.
        """
        trainer = cls(*args, **kwargs)
        if trainer.options.resume:
            trainer.resume()
        with checkpoint.full_disk_is_told(trainer.output_dir):
            if trainer.distributed.is_main:
                trainer.output_dir.mkdir(parents=True, exist_ok=True)
                if on_begin is not None:
                    on_begin()
                trainer.monitors = build_monitors(trainer.options, trainer.output_dir, trainer.task_name)
            try:
                trainer.train()
            finally:
                for monitor in trainer.monitors:
                    monitor.close()

    def train(self) -> None:
        """All epochs that are left, then the averages of the best."""
        first, last = self.reporter.epoch + 1, self.options.max_epoch
        if first > last:
            logging.warning(f"The training has already reached max_epoch: {last}")
        start = time.perf_counter()
        for epoch in range(first, last + 1):
            estimate = ""
            if epoch > first:
                seconds = (time.perf_counter() - start) / (epoch - first) * (last - epoch + 1)
                estimate = f". Estimated time to finish: {format_timespan(seconds)}"
            logging.info(f"{epoch}/{last}epoch started{estimate}")
            if not self.run_epoch(epoch):
                break
        else:
            logging.info(f"The training was finished at {last} epochs ")
        if self.distributed.is_main and not self.options.no_forward_run:
            self.keeper.average()

    def run_epoch(self, epoch: int) -> bool:
        """One epoch with all that follows it; False if training should stop."""
        set_all_random_seed(self.seed + epoch)
        self.reporter.epoch = epoch
        with self.reporter.observe("train") as reporter:
            has_updated = self.train_one_epoch(reporter)
        with self.reporter.observe("valid") as reporter:
            self.validate_one_epoch(reporter)
        if self.options.no_forward_run:
            logging.info(self.reporter.log_message())
            return True
        if self._is_plotting():
            with self.reporter.observe("att_plot"):
                if self.distributed.is_main:
                    self.plot_attention()
        self._step_schedulers()
        if self.distributed.is_main:
            self._conclude(epoch)
        if not has_updated:
            logging.warning(
                "The gradients at all steps are invalid in this epoch. Something seems wrong. "
                f"This training was stopped at {epoch}epoch"
            )
        return has_updated and not self._is_to_stop_early(epoch)

    def train_one_epoch(self, reporter: SubReporter) -> bool:
        """Update the weights with every batch of the epoch.

        Returns:
            Whether any update was made.
        Raises:
            InputError: If there is no batch.
        """
        options, loop = self.options, self.loop
        loop.model.train()
        loop.report = reporter.register
        batches = self.train_iter_factory.build_iter(reporter.epoch)
        log_interval = options.log_interval or _log_interval(batches)
        has_updated = options.no_forward_run
        updated_at = time.perf_counter()
        for group in _groups(_timed(in_step(batches), reporter), options.accum_grad):
            for number, (ids, batch) in enumerate(group, 1):
                is_last = number == len(group)
                if not options.no_forward_run:
                    batch = self._arguments(ids, batch)
                    if reporter.epoch == 1 and reporter.count == 0:
                        for monitor in self.monitors:
                            monitor.graph(self.model, batch)
                    norms = loop.step(batch, is_last, len(group))
                    has_updated |= any(bool(torch.isfinite(norm)) for norm in norms.values())
                if is_last:
                    now = time.perf_counter()
                    reporter.register({"train_time": now - updated_at})
                    updated_at = now
                reporter.next()
                if reporter.count % log_interval == 0:
                    self._log_interval(reporter, log_interval)
        if reporter.count == 0:
            raise InputError("The training data gives no batch.")
        return has_updated

    @torch.no_grad()
    def validate_one_epoch(self, reporter: SubReporter) -> None:
        """Compute the losses of every validation batch."""
        self.loop.model.eval()
        self.loop.report = reporter.register
        for ids, batch in in_step(self.valid_iter_factory.build_iter(reporter.epoch)):
            if not self.options.no_forward_run:
                for _ in self.loop.losses(self._arguments(ids, batch)):
                    pass
            reporter.next()

    def plot_attention(self) -> None:
        """Draw the attention of a few validation utterances."""
        self.model.eval()
        chosen = islice(self.plot_iter_factory.build_iter(self.reporter.epoch), self.options.num_att_plot)
        batches = ((ids, self._arguments(ids, batch)) for ids, batch in chosen)
        for name, path in draw_attention(self.model, batches, self.reporter.epoch, self.output_dir / "att_ws"):
            for monitor in self.monitors:
                monitor.picture(name, path, self.reporter.epoch)

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs, in plain containers."""
        return {
            "model": self.model.state_dict(),
            "reporter": self.reporter.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers.values()],
            "schedulers": [None if s is None else s.state_dict() for s in self.schedulers.values()],
            "scaler": self.loop.scaler.state_dict(),
            "num_updates": self.loop.num_updates,
        }

    def resume(self) -> None:
        """Continue from the checkpoint of the output directory, if there is one.

        Raises:
            InputError: If it is of another model or other optimisers.
        """
        found = checkpoint.load_checkpoint(self.output_dir)
        if found is None:
            return
        state, path = found
        try:
            self.model.load_state_dict(state["model"])
            for optimizer, own in zip(self.optimizers.values(), state["optimizers"], strict=True):
                optimizer.load_state_dict(own)
            for scheduler, own in zip(self.schedulers.values(), state["schedulers"], strict=True):
                if scheduler is not None:
                    scheduler.load_state_dict(own)
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} does not fit the model and optimiser of these options: {error}") from error
        self.reporter.load_state_dict(state["reporter"])
        if state.get("scaler"):
            self.loop.scaler.load_state_dict(state["scaler"])
        self.loop.num_updates = state.get("num_updates", 0)
        logging.info(f"The training was resumed using {path}")

    def _is_plotting(self) -> bool:
        options = self.options
        return self.plot_iter_factory is not None and options.num_att_plot > 0 and options.use_matplotlib

    def _conclude(self, epoch: int) -> None:
        """Log, save and show what the epoch has brought."""
        logging.info(self.reporter.log_message())
        path = self.keeper.save(epoch, weights_to_save(self.model, self.options.save_strategy), self.state_dict())
        for monitor in self.monitors:
            monitor.epoch(self.reporter, int(self.reporter.value("train", "total_count")))
            monitor.weights(path, epoch)

    def _step_schedulers(self) -> None:
        schedulers: dict[str, Any] = {n: s for n, s in self.schedulers.items() if self.loop.has_begun(n)}
        for scheduler in schedulers.values():
            if EPOCH in stepped(scheduler):
                scheduler.step()
            elif VALUE in stepped(scheduler):
                phase, name = self.options.val_scheduler_criterion
                scheduler.step(self._value(phase, name, "val_scheduler_criterion"))

    def _is_to_stop_early(self, epoch: int) -> bool:
        if self.options.patience is None:
            return False
        phase, name, mode = self.options.early_stopping_criterion
        self._value(phase, name, "early_stopping_criterion")
        waited = epoch - self.reporter.ranked(phase, name, mode)[0]
        if waited <= self.options.patience:
            return False
        logging.info(
            f"[Early stopping] {phase}.{name} has not been improved {waited} epochs continuously. "
            f"The training was stopped at {epoch}epoch"
        )
        return True

    def _value(self, phase: str, name: str, option: str) -> float:
        if not self.reporter.has(phase, name):
            known = [f"{p} {n}" for p, values in self.reporter.stats[self.reporter.epoch].items() for n in values]
            raise InputError(f"--{option}: the model reports no '{phase} {name}'. Known: {', '.join(known)}.")
        return self.reporter.value(phase, name)

    def _log_interval(self, reporter: SubReporter, log_interval: int) -> None:
        averages = reporter.interval()
        logging.info(reporter.log_message(averages, reporter.count - log_interval + 1, reporter.count))
        for monitor in self.monitors:
            monitor.interval(averages, reporter.total_count)

    def _arguments(self, ids: Sequence[str], batch: Mapping[str, Any]) -> dict[str, Any]:
        """The model's keyword arguments: the batch on the device, with its ids."""
        device = self.distributed.device
        moved = {k: v.to(device, non_blocking=True) if isinstance(v, torch.Tensor) else v for k, v in batch.items()}
        return moved | {"utt_id": list(ids)}


def _by_name(parts: Sequence[T] | Mapping[str, T]) -> dict[str, T]:
    """A single part is ``default``; several have names of their own."""
    if isinstance(parts, Mapping):
        return dict(parts)
    if len(parts) != 1:
        raise ValueError("several optimisers need names: pass a dict")
    return {"default": parts[0]}


def _groups(batches: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(batches)
    while group := list(islice(iterator, size)):
        yield group


def _timed(batches: Iterable[T], reporter: SubReporter) -> Iterator[T]:
    iterator = iter(batches)
    end: Any = object()
    while True:
        start = time.perf_counter()
        batch = next(iterator, end)
        if batch is end:
            return
        reporter.register({"iter_time": time.perf_counter() - start})
        yield batch


def _log_interval(batches: Iterable[Any]) -> int:
    """A twentieth of the epoch, at least 10; 100 where its length is not known."""
    return max(len(batches) // 20, 10) if isinstance(batches, Sized) else 100

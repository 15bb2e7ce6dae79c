"""Which epochs' weights are kept, how the best are named, and when they are averaged."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet2.train import checkpoint
from espnet2.train.average import average_nbest_models
from espnet2.train.options import TrainerOptions
from espnet2.train.reporter import Reporter
from espnet2.utils.errors import InputError


class Keeper:
    """Looks after the ``.pth`` files of a training.

    Args:
        output_dir: Where they are.
        reporter: Knows the results of all epochs.
        options: Criteria and numbers of epochs to keep.
    Raises:
        InputError: If a criterion's direction or a number of epochs makes no sense.
    """

    def __init__(self, output_dir: Path, reporter: Reporter, options: TrainerOptions):
        self.output_dir = output_dir
        self.reporter = reporter
        self.options = options
        criteria = [("best_model_criterion", criterion) for criterion in options.best_model_criterion]
        for option, (*_, mode) in [*criteria, ("early_stopping_criterion", options.early_stopping_criterion)]:
            if mode not in ("min", "max"):
                raise InputError(f"--{option}: the direction must be min or max, not '{mode}'.")
        if not options.keep_nbest_models or min(options.keep_nbest_models) < 1:
            raise InputError("--keep_nbest_models must be 1 or more.")

    def save(self, epoch: int, weights: Mapping[str, Any], state: Mapping[str, Any]) -> Path:
        """Write the weights and the checkpoint, name the best, remove what is no longer needed; in this order.

        Args:
            epoch: The epoch that has just ended.
            weights: The model's state dict, or the part of it that is kept.
            state: What a resumed run needs.
        Returns:
            The file of the weights.
        """
        path = self.output_dir / checkpoint.epoch_name(epoch)
        checkpoint.save(weights, path)
        checkpoint.save_checkpoint(state, self.output_dir)
        checkpoint.link(self.output_dir, checkpoint.LATEST, path.name)
        self._link_best(epoch)
        self._prune(epoch)
        interval = self.options.nbest_averaging_interval
        if interval > 0 and epoch % interval == 0:
            self.average(till=epoch)
        return path

    def average(self, till: int | None = None) -> None:
        """Write the averages of the best epochs.

        Args:
            till: The present epoch, if the training goes on.
        """
        criteria, nbest = self.options.best_model_criterion, self.options.keep_nbest_models
        average_nbest_models(self.output_dir, self.reporter, criteria, nbest, till)

    def ranked(self) -> dict[str, list[int]]:
        """``valid.acc`` -> epochs from best to worst, for the criteria that have values."""
        criteria: Sequence[Sequence[str]] = self.options.best_model_criterion
        ranked = {f"{phase}.{name}": self.reporter.ranked(phase, name, mode) for phase, name, mode in criteria}
        return {key: epochs for key, epochs in ranked.items() if epochs}

    def _link_best(self, epoch: int) -> None:
        improved = [key for key, epochs in self.ranked().items() if epochs[0] == epoch]
        for key in improved:
            checkpoint.link(self.output_dir, checkpoint.best_name(key), checkpoint.epoch_name(epoch))
        if improved:
            logging.info(f"The best model has been updated: {', '.join(improved)}")
        else:
            logging.info("There are no improvements in this epoch")

    def _prune(self, epoch: int) -> None:
        nbest = max(self.options.keep_nbest_models)
        keep = {epoch}.union(*(epochs[:nbest] for epochs in self.ranked().values()))
        removed = checkpoint.prune(self.output_dir, range(1, epoch), keep)
        if removed:
            logging.info(f"The model files were removed: {', '.join(removed)}")

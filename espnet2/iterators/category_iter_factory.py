"""Batches balanced over categories: every epoch draws a plan of its own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from espnet2.iterators.sequence_iter_factory import SequenceIterFactory, shuffled_batches
from espnet2.samplers.batch_plan import BatchPlan
from espnet2.train.dataset import ESPnetDataset


class CategoryIterFactory(SequenceIterFactory):
    """As ``SequenceIterFactory``, with a plan that depends on seed and epoch.

    Args:
        dataset: ``dataset[uid] -> (uid, arrays)``.
        draw_plan: From a seed to the plan of an epoch, such as ``plan_corpus`` with a category batch type.
        **kwargs: See ``SequenceIterFactory``. With ``num_iters_per_epoch`` an epoch is the beginning of the plan that
            was drawn for it, repeated if it is too short.
    """

    def __init__(self, dataset: ESPnetDataset, draw_plan: Callable[[int], BatchPlan], **kwargs: Any):
        super().__init__(dataset, draw_plan(kwargs.get("seed", 0) + 1), **kwargs)
        self.draw_plan = draw_plan

    def batches_of(self, epoch: int, shuffle: bool) -> tuple[BatchPlan, np.ndarray]:
        """The plan drawn for an epoch and the order of its batches (M,)."""
        plan = self.draw_plan(self.seed + epoch)
        order = shuffled_batches(len(plan), self.seed + epoch) if shuffle else np.arange(len(plan))
        return plan, order if self.num_iters_per_epoch is None else np.resize(order, self.num_iters_per_epoch)

"""Whole utterances in the batches of a plan, shuffled anew each epoch and shared among ranks.

The order is a function of seed and epoch alone, so an epoch can be taken up anywhere.
"""

# N batches of the plan, M batches of an epoch

import logging
from collections.abc import Iterator

import numpy as np

from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.iterators.batch_loader import BatchLoader, DamageCount
from espnet2.iterators.batch_reader import BatchReader, BatchRequest, Collate
from espnet2.samplers.batch_plan import BatchPlan
from espnet2.train.collate_fn import CommonCollateFn
from espnet2.train.dataset import ESPnetDataset
from espnet2.utils.errors import InputError

_SPARE_UTTERANCES = 32


def shuffled_batches(num_batches: int, seed: int) -> np.ndarray:
    """A permutation (N,) that depends on the seed only."""
    order = np.arange(num_batches)
    np.random.RandomState(seed % 2**32).shuffle(order)
    return order


def batch_order(num_batches: int, epoch: int, seed: int, shuffle: bool, window: int | None) -> np.ndarray:
    """Which batches make an epoch (M,).

    With a window, epochs are pieces of that length of an endless row of passes over the corpus, each shuffled by its
    own number, so that nothing is left out where epochs and passes do not agree.

    Args:
        num_batches: N.
        epoch: From 1.
        seed: Added to the number of the pass.
        shuffle: Otherwise each pass has the plan's order.
        window: The length of an epoch; None: one pass.
    """
    length = num_batches if window is None else window
    first, last = (epoch - 1) * length, epoch * length
    passes = range(first // num_batches, -(-last // num_batches))
    orders = [shuffled_batches(num_batches, seed + i + 1) if shuffle else np.arange(num_batches) for i in passes]
    begin = first - passes.start * num_batches
    return np.concatenate(orders)[begin : begin + last - first]


class PlannedRequests:
    """The requests of one rank for one epoch; ids are looked up when a request is due.

    Args:
        plan: All batches.
        order: Which of them, in this order (M,).
        epoch_words: What random numbers depend on: seed and epoch.
        start: Requests before this position are left out.
        rank: Takes ``batch[rank::world_size]``.
        world_size: Number of ranks.
        shuffle_within_batch: Permute each batch first.
    """

    def __init__(
        self,
        plan: BatchPlan,
        order: np.ndarray,
        epoch_words: tuple[int, int],
        start: int = 0,
        rank: int = 0,
        world_size: int = 1,
        shuffle_within_batch: bool = False,
    ):
        self.plan, self.order, self.epoch_words, self.start = plan, order, epoch_words, start
        self.rank, self.world_size, self.shuffle_within_batch = rank, world_size, shuffle_within_batch

    def __len__(self) -> int:
        return max(len(self.order) - self.start, 0)

    def __iter__(self) -> Iterator[BatchRequest]:
        return (self.request(position) for position in range(self.start, len(self.order)))

    def request(self, position: int) -> BatchRequest:
        """The request for one position of the epoch."""
        rows = self.plan[self.order[position]]
        if self.shuffle_within_batch:
            seed = [word % 2**32 for word in (*self.epoch_words, position)]
            rows = np.random.RandomState(seed).permutation(rows)
        following = self.plan[self.order[(position + 1) % len(self.order)]]
        others = np.arange(len(rows)) % self.world_size != self.rank
        spare = np.concatenate([rows[others], following])[:_SPARE_UTTERANCES]
        share = rows[self.rank :: self.world_size]
        return BatchRequest((*self.epoch_words, position), self._ids(share), self._ids(spare))

    def _ids(self, rows: np.ndarray) -> list[str]:
        return [self.plan.ids.id_at(int(row)) for row in rows]


class SequenceIterFactory(AbsIterFactory):
    """Batches of whole utterances.

    Args:
        dataset: ``dataset[uid] -> (uid, arrays)``.
        plan: The batches, for all ranks together.
        seed: Of the order, and of augmentation.
        shuffle: Whether batches come in another order each epoch.
        shuffle_within_batch: Whether utterances of a batch change places too, where batches are shuffled.
        num_iters_per_epoch: Batches of an epoch; None: the whole plan.
        num_workers: Processes that read.
        collate_fn: Makes a batch; by default ``CommonCollateFn()``.
        pin_memory: For copies to a GPU.
        rank: This rank; it reads ``batch[rank::world_size]``.
        world_size: Number of ranks.
        max_bad_utterances: How many damaged utterances are left out before an error (see ``batch_reader``).
    Raises:
        InputError: If a batch is too small to give every rank an utterance.
    """

    def __init__(
        self,
        dataset: ESPnetDataset,
        plan: BatchPlan,
        seed: int = 0,
        shuffle: bool = False,
        shuffle_within_batch: bool = False,
        num_iters_per_epoch: int | None = None,
        num_workers: int = 0,
        collate_fn: Collate | None = None,
        pin_memory: bool = False,
        rank: int = 0,
        world_size: int = 1,
        max_bad_utterances: int = 100,
    ):
        self.reader = BatchReader(dataset, collate_fn or CommonCollateFn())
        self.plan = plan
        self.seed = seed
        self.shuffle = shuffle
        self.shuffle_within_batch = shuffle_within_batch
        self.num_iters_per_epoch = num_iters_per_epoch
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.rank, self.world_size = rank, world_size
        self.damage = DamageCount(max_bad_utterances)
        _refuse_small_batches(plan, world_size)

    def build_iter(self, epoch: int, shuffle: bool | None = None, start: int = 0) -> BatchLoader:
        """See ``AbsIterFactory``."""
        shuffle = self.shuffle if shuffle is None else shuffle
        plan, order = self.batches_of(epoch, shuffle)
        requests = PlannedRequests(
            plan,
            order,
            (self.seed, epoch),
            start,
            self.rank,
            self.world_size,
            shuffle_within_batch=shuffle and self.shuffle_within_batch,
        )
        return BatchLoader(self.reader, requests, self.damage, self.num_workers, self.pin_memory)

    def batches_of(self, epoch: int, shuffle: bool) -> tuple[BatchPlan, np.ndarray]:
        """The plan of an epoch and which of its batches come when (M,)."""
        return self.plan, batch_order(len(self.plan), epoch, self.seed, shuffle, self.num_iters_per_epoch)


def _refuse_small_batches(plan: BatchPlan, world_size: int) -> None:
    smallest = int(plan.sizes.min())
    if smallest < world_size:
        raise InputError(
            f"A batch has {smallest} utterances, fewer than the {world_size} ranks that share it ({plan.description}). "
            "Sizes are totals over all ranks: raise --batch_size or --batch_bins, or take fewer ranks."
        )
    if world_size > 1:
        logging.info(f"Batches are shared by {world_size} ranks: {plan.sizes.mean() / world_size:.1f} utterances each")

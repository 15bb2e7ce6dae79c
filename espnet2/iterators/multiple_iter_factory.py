"""A corpus in splits, one after another, so that only one split's index is open at a time."""

from collections.abc import Callable, Iterator, Sequence, Sized

import numpy as np
from torch import Tensor

from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.iterators.sequence_iter_factory import shuffled_batches


class MultipleIterFactory(AbsIterFactory):
    """Chains the epochs of several factories, built when their turn comes.

    Args:
        build_funcs: Each builds the factory of one split.
        seed: Of the order of the splits.
        shuffle: Whether the order changes each epoch.
    """

    def __init__(self, build_funcs: Sequence[Callable[[], AbsIterFactory]], seed: int = 0, shuffle: bool = False):
        self.build_funcs = list(build_funcs)
        self.seed = seed
        self.shuffle = shuffle

    def build_iter(
        self, epoch: int, shuffle: bool | None = None, start: int = 0
    ) -> Iterator[tuple[list[str], dict[str, Tensor]]]:
        """See ``AbsIterFactory``; there is no ``len``."""
        shuffle = self.shuffle if shuffle is None else shuffle
        number = len(self.build_funcs)
        order = shuffled_batches(number, self.seed + epoch) if shuffle else np.arange(number)
        for build in (self.build_funcs[i] for i in order):
            factory = build()
            batches = factory.build_iter(epoch, shuffle)
            if start and isinstance(batches, Sized):
                count = len(batches)
                batches = factory.build_iter(epoch, shuffle, start)
                start = max(start - count, 0)
            for batch in batches:
                if start:
                    start -= 1  # this split cannot tell its length
                else:
                    yield batch


def split_iters(num_iters_per_epoch: int | None, num_splits: int) -> list[int | None]:
    """How an epoch's batches are dealt to the splits: ``(n + i) // num_splits``."""
    if num_iters_per_epoch is None:
        return [None] * num_splits
    return [(num_iters_per_epoch + i) // num_splits for i in range(num_splits)]

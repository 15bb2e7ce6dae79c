"""Which utterances come together in a mini-batch, as two integer arrays.

A plan of ten million utterances costs 80 MB, once; ids are read from the index only when a batch is asked for.
"""

# U utterances dealt (each once, unless a category sampler draws some again), N batches

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Ids(Protocol):
    """A corpus's ids by row number, such as ``ScpIndex``."""

    def id_at(self, row: int) -> str:
        """The id in this row."""

    def row_of(self, key: str) -> int:
        """The row of an id."""

    def __contains__(self, key: object) -> bool: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class BatchPlan:
    """All batches of an epoch, in the order before shuffling.

    Attributes:
        ids: The corpus's ids.
        rows: Row numbers into ``ids``, batch after batch (U,).
        offsets: Where each batch begins in ``rows``, and the end (N + 1,).
        description: How the batches were made.
    """

    ids: Ids
    rows: np.ndarray
    offsets: np.ndarray
    description: str = ""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        """Row numbers of a batch (B,)."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        return self.rows[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"{self.description} ({len(self)} batches of {len(self.rows)} utterances)"

    @property
    def sizes(self) -> np.ndarray:
        """Utterances in each batch (N,)."""
        return np.diff(self.offsets)

    def utterances(self, index: int) -> list[str]:
        """Ids of a batch."""
        return [self.ids.id_at(int(row)) for row in self[index]]

    def summary(self) -> str:
        """The log's words about sizes."""
        sizes = self.sizes
        return (
            f"mini-batch sizes summary: N-batch={len(sizes)}, mean={sizes.mean():.1f}, "
            f"min={sizes.min()}, max={sizes.max()}"
        )

    def head(self, count: int) -> "BatchPlan":
        """The first batches only."""
        offsets = self.offsets[: count + 1]
        return BatchPlan(self.ids, self.rows[: offsets[-1]], offsets, f"the first of {self.description}")

    def shard(self, rank: int, world_size: int) -> "BatchPlan":
        """Every ``world_size``-th batch, for iterators that deal whole batches to ranks."""
        mine = np.arange(rank, len(self), world_size)
        sizes = self.sizes[mine]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        rows = np.repeat(self.offsets[mine] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return BatchPlan(self.ids, self.rows[rows], offsets, f"part {rank} of {world_size} of {self.description}")

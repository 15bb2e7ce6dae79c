"""What the trainer asks of a source of batches."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from torch import Tensor

Batches = Iterable[tuple[list[str], dict[str, Tensor]]]


class AbsIterFactory(ABC):
    """Makes the batches of an epoch, the same ones each time it is asked for that epoch."""

    @abstractmethod
    def build_iter(self, epoch: int, shuffle: bool | None = None, start: int = 0) -> Batches:
        """The batches of an epoch.

        Args:
            epoch: Counted from 1.
            shuffle: Overrides the factory's own.
            start: How many batches to leave out, to go on in the middle of an epoch; the others stay what they are.
        Returns:
            An iterable of ids and padded tensors (B, T, ...) by name; it has a ``len`` where that is known beforehand.
        """

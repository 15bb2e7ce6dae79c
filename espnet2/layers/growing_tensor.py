"""A tensor that grows at its end and may lose its beginning, at a cost that does not depend on its length.

Room is left behind the values. When there is no more, what is still held moves to twice as much room, so that each value
is copied about once. An older version stays as it was, whatever is appended to a newer one: those that were made from
the same version do not see one another.
"""

from torch import Tensor


class _Room:
    """Memory that several versions share, and how much of it is taken."""

    def __init__(self, memory: Tensor, taken: int):
        self.memory = memory
        self.taken = taken


class GrowingTensor:
    """One version of it.

    Args:
        values: What it begins with.
        axis: Along which it grows.

    Attributes:
        values: What it holds; a view.
    """

    def __init__(self, values: Tensor, axis: int):
        self.values = values
        self._axis = axis % values.dim()
        self._room: _Room | None = None  # not before it grows
        self._start = 0

    def __len__(self) -> int:
        return self.values.size(self._axis)

    def append(self, more: Tensor) -> "GrowingTensor":
        """A longer version.

        Args:
            more: Of the same shape but for the axis.
        """
        length, added = len(self), more.size(self._axis)
        stop = self._start + length
        room, start = self._room, self._start
        if room is None or room.taken != stop or stop + added > room.memory.size(self._axis):
            room, start, stop = self._move(2 * (length + added)), 0, length
        room.memory.narrow(self._axis, stop, added).copy_(more)
        room.taken = stop + added
        return self._version(room, start, length + added)

    def last(self, length: int) -> "GrowingTensor":
        """A version that has lost its beginning; itself if it is no longer than that."""
        surplus = len(self) - length
        if surplus <= 0:
            return self
        if self._room is None:
            return GrowingTensor(self.values.narrow(self._axis, surplus, length), self._axis)
        return self._version(self._room, self._start + surplus, length)

    def _move(self, size: int) -> _Room:
        shape = list(self.values.shape)
        shape[self._axis] = size
        memory = self.values.new_empty(shape)
        memory.narrow(self._axis, 0, len(self)).copy_(self.values)
        return _Room(memory, len(self))

    def _version(self, room: _Room, start: int, length: int) -> "GrowingTensor":
        version = GrowingTensor(room.memory.narrow(self._axis, start, length), self._axis)
        version._room, version._start = room, start
        return version

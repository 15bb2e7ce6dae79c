"""What was read stays in memory up to a size, for all worker processes together."""

from multiprocessing import Manager
from typing import Any

import numpy as np


class DataCache:
    """A dict in a process of its own, so that workers that come and go with the epochs share it.

    Args:
        max_bytes: When the data takes so much, nothing more is added.
    """

    def __init__(self, max_bytes: int):
        self.max_bytes = max_bytes
        manager = Manager()
        self._manager = manager  # dies with this object
        self._data = manager.dict()
        self._bytes = manager.Value("q", 0)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_manager": None}

    def get(self, uid: str) -> dict[str, Any] | None:
        """What is kept of an utterance."""
        return self._data.get(uid)

    def add(self, uid: str, data: dict[str, Any]) -> None:
        """Keep an utterance if there is room (two workers that add at once may overshoot by an utterance)."""
        size = sum(value.nbytes if isinstance(value, np.ndarray) else len(str(value)) for value in data.values())
        if self._bytes.value + size <= self.max_bytes:
            self._data[uid] = data
            self._bytes.value += size

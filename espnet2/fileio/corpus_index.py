"""Tables of any size, read in place: ``<id> <value>`` files as read-only mappings.

The text stays on disk, mapped into memory; four numbers a line (where it starts, how long its id is, the ids' hashes in
sorted order and the line of each) lie in one array beside it, mapped as well. So a table of ten million lines opens at
once, and the processes of a machine share one copy of it.
"""

# N lines of the table

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from espnet2.fileio.scp_scan import hash_id, parse_first_numbers, scan_table
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

_VERSION = 1
_SMALL_BYTES = 1 << 20
_START, _ID_LENGTH, _HASH, _LINE = range(4)  # rows of the index (4, N)


class ScpIndex:
    """A 2-column file as a mapping from id to the rest of the line; keys come in file order.

    The index of a file above 1 MiB is kept beside it as ``.<name>.index.npy`` and made anew when the file has changed;
    a smaller one's, or one in a folder that cannot be written to, is kept in memory. Pickles as the path.

    Args:
        path: The table.
    Raises:
        InputError: If the file is missing, empty or not UTF-8, has an empty line, CR line ends or an id twice; names
            file and line.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        try:
            with open(self.path, "rb") as stream:
                self.stamp = _stamp(stream.fileno())
                self.text = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # mmap's word for an empty file is ValueError
            reason = error.strerror if isinstance(error, OSError) else "empty"
            raise InputError(f"{self.path}: {reason}; expected '<id> <value>' lines") from None
        self._index = _cached_array(self.path, "index", self.stamp, self._build)
        self._hashes = self._index[_HASH].view(np.uint64)

    def __reduce__(self):
        return type(self), (self.path,)

    def __len__(self) -> int:
        return self._index.shape[1]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def __getitem__(self, key: str) -> str:
        line = self._find(key)
        if line is None:
            raise KeyError(key)
        return self.value_at(line)

    def get(self, key: str, default: str | None = None) -> str | None:
        """The value of an id, or the default."""
        line = self._find(key)
        return default if line is None else self.value_at(line)

    def __iter__(self) -> Iterator[str]:
        return self.keys()

    def keys(self) -> Iterator[str]:
        """The ids in file order, one at a time."""
        return (self.id_at(line) for line in range(len(self)))

    def items(self) -> Iterator[tuple[str, str]]:
        """Ids and values in file order, one pair at a time."""
        return ((self.id_at(line), self.value_at(line)) for line in range(len(self)))

    def id_at(self, row: int) -> str:
        """The id of a row (from 0)."""
        start = self._index[_START, row]
        return self.text[start : start + self._index[_ID_LENGTH, row]].decode()

    def value_at(self, row: int) -> str:
        """The value of a row (from 0), without the white space around it; "" if there is none."""
        start = self._index[_START, row] + self._index[_ID_LENGTH, row]
        end = self._index[_START, row + 1] if row + 1 < len(self) else len(self.text)
        return self.text[start:end].decode().strip()

    def value_starts(self) -> np.ndarray:
        """Where the ids end in the text (N,); a blank and the value follow."""
        return self._index[_START] + self._index[_ID_LENGTH]

    def sorted_hashes(self) -> tuple[np.ndarray, np.ndarray]:
        """The ids' hashes in ascending order (N,) uint64, and the row of each (N,) int64."""
        return self._hashes, self._index[_LINE]

    def line_of(self, key: str) -> int:
        """The number (from 1) of the line of an id, for messages.

        Raises:
            KeyError: If there is no such id.
        """
        row = self._find(key)
        if row is None:
            raise KeyError(key)
        return row + 1

    def row_of(self, key: str) -> int:
        """The row (from 0) of an id.

        Raises:
            KeyError: If there is no such id.
        """
        return self.line_of(key) - 1

    def _find(self, key: str) -> int | None:
        """Among the rows with this id's hash (one, unless two ids collide), the one with this id."""
        wanted = hash_id(key.encode())
        place = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        while place < len(self) and self._hashes[place] == wanted:
            row = int(self._index[_LINE, place])
            if self.id_at(row) == key:
                return row
            place += 1
        return None

    def _build(self) -> np.ndarray:
        starts, id_lengths, hashes = scan_table(self.text, self.path)
        order = np.argsort(hashes, kind="stable")
        self._index = np.stack([starts, id_lengths, hashes[order].view(np.int64), order])
        self._refuse_twins()
        return self._index

    def _refuse_twins(self) -> None:
        hashes = self._index[_HASH]
        for place in np.flatnonzero(hashes[1:] == hashes[:-1]):
            first, second = (int(row) for row in self._index[_LINE, place : place + 2])  # ascending: the sort is stable
            if self.id_at(first) == self.id_at(second):
                name = self.id_at(first)
                raise InputError(f"{self.path}:{second + 1}: the id '{name}' stands in line {first + 1} already")


class ShapeTable:
    """A file of ``<id> <length>[,<dimension>...]`` lines, as the statistics stage writes them.

    Attributes:
        ids: The ``ScpIndex`` of the file.
        first: Each line's first number, in file order (N,) int64.
        dims: The other numbers of the first line (they agree over a corpus).

    Args:
        path: The table.
    Raises:
        InputError: If a line has no such number; names file and line. See also ``ScpIndex``.
    """

    def __init__(self, path: str | os.PathLike):
        self.ids = ScpIndex(path)
        self.first = _cached_array(self.ids.path, "first", self.ids.stamp, self._parse)[0]
        self.dims = tuple(int(number) for number in self.ids.value_at(0).split(",")[1:])

    def __reduce__(self):
        return type(self), (self.ids.path,)

    def __len__(self) -> int:
        return len(self.ids)

    def _parse(self) -> np.ndarray:
        numbers = parse_first_numbers(self.ids.text, self.ids.value_starts())
        if (numbers < 0).any():
            row = int(np.argmax(numbers < 0))
            raise InputError(
                f"{self.ids.path}:{row + 1}: expected '<id> <number>[,<number>...]', found '{self.ids.value_at(row)}'"
            )
        return numbers[None]


def _stamp(file: int) -> tuple[int, int, int, int]:
    """What changes when a file does."""
    status = os.fstat(file)
    return _VERSION, status.st_size, status.st_mtime_ns, status.st_ino


def _cached_array(table: Path, name: str, stamp: tuple[int, ...], build: Callable[[], np.ndarray]) -> np.ndarray:
    """The integers (rows, N) that ``build`` makes of a table, kept beside it and mapped into memory.

    The first row of the stored array ends with the stamp of the table that it was made of.
    """
    if table.stat().st_size < _SMALL_BYTES:
        return build()
    path = table.with_name(f".{table.name}.{name}.npy")
    stored = _load(path, stamp)
    if stored is not None:
        return stored
    array = build()
    marked = np.zeros((len(array), array.shape[1] + len(stamp)), dtype=np.int64)
    marked[:, : -len(stamp)], marked[0, -len(stamp) :] = array, stamp
    try:
        with atomic_write(path) as stream:
            np.save(stream, marked)
    except OSError:
        return array  # a folder for reading only, or a full disk: this process keeps its own
    stored = _load(path, stamp)
    return array if stored is None else stored


def _load(path: Path, stamp: tuple[int, ...]) -> np.ndarray | None:
    """The stored array if it is there, whole, and of this table."""
    try:
        stored = np.load(path, mmap_mode="r").view(np.ndarray)
    except (OSError, ValueError, EOFError):
        return None
    return stored[:, : -len(stamp)] if tuple(stored[0, -len(stamp) :]) == stamp else None

"""Readers of files that are no ``<id> <value>`` tables: see ``readers``."""

# T samples, S speakers

import mmap
from pathlib import Path
from typing import Any

import numpy as np

from espnet2.fileio.read_text import read_lines
from espnet2.utils.errors import InputError


class RandomTextReader:
    """A random line of a text without ids, whatever the utterance."""

    ids = None

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            with open(self.path, "rb") as stream:
                self._text = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path}: cannot be read, or is empty ({error})") from None
        ends = np.flatnonzero(np.frombuffer(self._text, np.uint8) == ord("\n"))
        last = len(self._text)
        self._ends = ends if len(ends) and ends[-1] == last - 1 else np.append(ends, last)

    def __reduce__(self):
        return type(self), (self.path,)

    def __getitem__(self, uid: str) -> str:
        line = np.random.randint(len(self._ends))
        start = self._ends[line - 1] + 1 if line else 0
        return self._text[start : self._ends[line]].decode().strip()


class Hdf5Reader:
    """A data set per utterance of an HDF5 file."""

    ids = None

    def __init__(self, path: str | Path):
        try:
            import h5py
        except ImportError:
            raise InputError(f"{path}: data type hdf5 needs a package: pip install h5py") from None
        self.path = Path(path)
        self._open = h5py.File
        self._file: Any = None
        if not self.path.is_file():
            raise InputError(f"{path}: no such file")

    def __reduce__(self):
        return type(self), (self.path,)

    def __getitem__(self, uid: str) -> np.ndarray:
        if self._file is None:  # opened where it is used: a handle must not be shared with another process
            self._file = self._open(self.path, "r")
        if uid not in self._file:
            raise InputError(f"{self.path}: there is no utterance '{uid}'")
        return self._file[uid][()]


class RttmReader:
    """Who speaks when: (T, S), 1 where the speaker speaks, speakers in the order of their first line.

    Lines as in RTTM, but in samples, with the end in the place of the duration, and a last line per recording that
    tells its length: ``SPEAKER <id> <channel> <start> <end> <NA> <NA> <speaker> <NA>``, ``END <id> <NA> <length> ...``.

    Args:
        path: The file, read whole.
    Raises:
        InputError: If a line is not of this form; names it.
    """

    ids = None

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._turns: dict[str, list[tuple[str, int, int]]] = {}
        self._lengths: dict[str, int] = {}
        for number, line in read_lines(path):
            words = line.split()
            try:
                if words[0] == "SPEAKER":
                    self._turns.setdefault(words[1], []).append((words[7], int(words[3]), int(words[4])))
                elif words[0] == "END":
                    self._lengths[words[1]] = int(words[3])
                else:
                    raise ValueError(f"unknown first word '{words[0]}'")
            except (IndexError, ValueError) as error:
                raise InputError(f"{path}:{number}: not a SPEAKER or END line in samples ({error})") from None

    def __getitem__(self, uid: str) -> np.ndarray:
        if uid not in self._lengths:
            raise InputError(f"{self.path}: there is no END line of utterance '{uid}'")
        turns = self._turns.get(uid, [])
        speakers = list(dict.fromkeys(speaker for speaker, _, _ in turns))
        active = np.zeros((self._lengths[uid], len(speakers)), np.int64)
        for speaker, start, end in turns:
            active[start:end, speakers.index(speaker)] = 1
        return active

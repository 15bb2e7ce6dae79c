"""Kaldi text files of a result folder, written line by line."""

import os
from pathlib import Path
from typing import IO


class DatadirWriter:
    """A tree of folders and ``<key> <value>`` files: ``writer["1best_recog"]["text"][utterance] = "hello"``.

    A node becomes a folder when it is asked for a child, a file when it is given a value. Lines are flushed when the
    writer closes; a killed decoding job keeps what the system has of them.

    Args:
        path: The folder, or the file once a value is set.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._children: dict[str, DatadirWriter] = {}
        self._stream: IO[str] | None = None
        self._keys: set[str] = set()

    def __enter__(self) -> "DatadirWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> "DatadirWriter":
        if self._stream is not None:
            raise RuntimeError(f"{self.path} is a file: no '{name}' below it")
        if name not in self._children:
            self._children[name] = DatadirWriter(self.path / name)
        return self._children[name]

    def __setitem__(self, key: str, value: str) -> None:
        if self._children:
            raise RuntimeError(f"{self.path} is a folder: '{key}' cannot be written to it")
        if key in self._keys:
            raise RuntimeError(f"{self.path}: '{key}' is written twice")
        if self._stream is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = open(self.path, "w", encoding="utf-8")  # noqa: SIM115  (close() closes it)
        self._keys.add(key)
        self._stream.write(f"{key} {value}\n")

    def close(self) -> None:
        """Close all files of the tree."""
        for child in self._children.values():
            child.close()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

"""One ``.npy`` file per utterance, and the table that names them."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from espnet2.fileio.read_text import read_2columns_text
from espnet2.utils.atomic import atomic_write
from espnet2.utils.paths import path_below


class NpyScpWriter:
    """``with NpyScpWriter("feats", "feats.scp") as w: w[utterance] = array`` writes ``feats/<utterance>.npy``.

    Args:
        outdir: Where the arrays go.
        scpfile: The table; it gets its name when the block ends without an error.
    """

    def __init__(self, outdir: str | os.PathLike, scpfile: str | os.PathLike):
        self.outdir, self.scpfile = Path(outdir), Path(scpfile)

    def __enter__(self) -> "NpyScpWriter":
        self._table = atomic_write(self.scpfile, "w")
        self._stream = self._table.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._table.__exit__(*error)

    def __setitem__(self, key: str, array: np.ndarray) -> None:
        path = path_below(self.outdir, f"{key}.npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array)
        self._stream.write(f"{key} {path}\n")


class NpyScpReader:
    """The arrays that a table of ``<key> <x.npy>`` lines names, read one at a time.

    Args:
        path: The table.
    """

    def __init__(self, path: str | os.PathLike):
        self.paths = read_2columns_text(path)

    def __getitem__(self, key: str) -> np.ndarray:
        return np.load(self.paths[key])

    def __contains__(self, key: object) -> bool:
        return key in self.paths

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def keys(self):
        """The keys in file order."""
        return self.paths.keys()

"""The sizes of a corpus's utterances, from its shape files."""

import os
from collections.abc import Sequence

import numpy as np

from espnet2.fileio.corpus_index import ScpIndex, ShapeTable
from espnet2.fileio.id_alignment import rows_of
from espnet2.samplers.batch_types import Corpus
from espnet2.utils.errors import InputError


def read_ids(shape_files: Sequence[str | os.PathLike]) -> Corpus:
    """Only the ids of the first file, whose first column is all that counts (any Kaldi table serves).

    Raises:
        InputError: If there is no file.
    """
    ids = ScpIndex(_at_least_one(shape_files)[0])
    return Corpus(ids, np.zeros((0, len(ids)), np.int64), np.zeros(0, np.int64))


def read_corpus(shape_files: Sequence[str | os.PathLike]) -> Corpus:
    """Lengths of all utterances in the order of the first file.

    Raises:
        InputError: If there is no file, or the files do not have the same ids.
    """
    tables = [ShapeTable(path) for path in _at_least_one(shape_files)]
    ids = tables[0].ids
    lengths = [tables[0].first]
    for table in tables[1:]:
        rows = rows_of(ids, table.ids)
        _refuse_other_ids(ids, table.ids, rows)
        lengths.append(table.first[rows])
    widths = [np.prod(table.dims, dtype=np.int64) for table in tables]
    return Corpus(ids, np.stack(lengths), np.asarray(widths, np.int64))


def _at_least_one(shape_files: Sequence[str | os.PathLike]) -> Sequence[str | os.PathLike]:
    if not shape_files:
        raise InputError("Batches need at least one shape file: --train_shape_file, --valid_shape_file.")
    return shape_files


def _refuse_other_ids(ids: ScpIndex, other: ScpIndex, rows: np.ndarray) -> None:
    if (rows < 0).any():
        row = int(np.argmax(rows < 0))
        raise InputError(
            f"{other.path}: lacks {int((rows < 0).sum())} of the {len(ids)} ids of {ids.path}, "
            f"such as '{ids.id_at(row)}' ({ids.path}:{row + 1}). Collect the shapes of both anew."
        )
    if len(other) != len(ids):
        extra = int(np.argmax(rows_of(other, ids) < 0))
        raise InputError(
            f"{ids.path}: lacks {len(other) - len(ids)} of the {len(other)} ids of {other.path}, "
            f"such as '{other.id_at(extra)}' ({other.path}:{extra + 1}). Collect the shapes of both anew."
        )

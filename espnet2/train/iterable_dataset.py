"""The utterances of a data set one after another, once: for statistics and decoding."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from espnet2.fileio.corpus_index import ScpIndex
from espnet2.train.dataset import ESPnetDataset, Preprocess
from espnet2.train.utterance_random import own_random_state, seed_by
from espnet2.utils.errors import InputError


class IterableESPnetDataset(IterableDataset):
    """Yields ``(uid, arrays)`` in the order of the key file; the other files may have any order.

    With several workers the keys go round among them, so only one worker keeps the order (``StreamingIterator`` keeps
    it with any number).

    Args:
        path_name_type: See ``ESPnetDataset``.
        preprocess: ``(uid, data) -> data``.
        float_dtype: The type of floats.
        int_dtype: The type of integers.
        key_file: A table whose ids are read; by default the first file.
    Raises:
        InputError: If a file cannot be opened; while iterating, if a datum is missing or damaged.
    """

    def __init__(
        self,
        path_name_type: Sequence[tuple[str, str, str]],
        preprocess: Preprocess | None = None,
        float_dtype: str = "float32",
        int_dtype: str = "int64",
        key_file: str | Path | None = None,
        allow_multi_rates: bool = False,
    ):
        self.dataset = ESPnetDataset(
            path_name_type, preprocess, float_dtype, int_dtype, allow_multi_rates=allow_multi_rates
        )
        self.ids = key_index(self.dataset, key_file)

    def names(self) -> tuple[str, ...]:
        """The data names, before preprocessing."""
        return self.dataset.names()

    def has_name(self, name: str) -> bool:
        """Whether there is such data."""
        return self.dataset.has_name(name)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker is not None else (0, 1)
        for row in range(first, len(self.ids), step):
            uid = self.ids.id_at(row)
            with own_random_state():
                seed_by("stream", uid)
                item = self.dataset[uid]
            yield item


def key_index(dataset: ESPnetDataset, key_file: str | Path | None = None) -> ScpIndex:
    """The ids to read: those of ``key_file``, or of the data set's first file that has ids.

    Raises:
        InputError: If there is none.
    """
    if key_file is not None:
        return ScpIndex(key_file)
    for reader in dataset.readers.values():
        if reader.ids is not None:
            return reader.ids
    raise InputError(f"None of the files lists ids; give a key file. {dataset}")

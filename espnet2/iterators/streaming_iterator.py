"""A data set read once in the order of its keys, for statistics and decoding."""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from espnet2.iterators.batch_loader import BatchLoader, DamageCount
from espnet2.iterators.batch_reader import BatchReader, BatchRequest, Collate
from espnet2.samplers.batch_plan import Ids
from espnet2.train.dataset import ESPnetDataset
from espnet2.train.iterable_dataset import key_index


class StreamingIterator:
    """Iterates over ``(uids, batch)``; the order is that of the keys with any number of workers.

    Args:
        dataset: ``dataset[uid] -> (uid, arrays)``.
        collate_fn: Makes a batch.
        batch_size: Utterances in a batch.
        key_file: A table whose ids are read; by default the first file of the data set.
        num_workers: Processes that read.
        pin_memory: For copies to a GPU.
        max_bad_utterances: Damaged utterances that are named and left out; by default the first is an error.
    Raises:
        InputError: While iterating, if an utterance is damaged.
    """

    def __init__(
        self,
        dataset: ESPnetDataset,
        collate_fn: Collate,
        batch_size: int = 1,
        key_file: str | Path | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        max_bad_utterances: int = 0,
    ):
        self.dataset = dataset
        requests = _KeyRequests(key_index(dataset, key_file), batch_size)
        reader = BatchReader(dataset, collate_fn)
        damage = DamageCount(max_bad_utterances)
        self._loader = BatchLoader(reader, requests, damage, num_workers, pin_memory, skip_empty=True)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[tuple[list[str], dict[str, Tensor]]]:
        return iter(self._loader)


class _KeyRequests:
    def __init__(self, ids: Ids, batch_size: int):
        self.ids, self.batch_size = ids, batch_size

    def __len__(self) -> int:
        return -(-len(self.ids) // self.batch_size)

    def __iter__(self) -> Iterator[BatchRequest]:
        for first in range(0, len(self.ids), self.batch_size):
            rows = range(first, min(first + self.batch_size, len(self.ids)))
            yield BatchRequest(("stream",), [self.ids.id_at(row) for row in rows], [])

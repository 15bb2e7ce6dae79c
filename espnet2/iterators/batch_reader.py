"""Reading one batch, in a worker process, with a plan for damaged utterances.

A damaged utterance (``InputError``) is left out of its batch. Ranks go in step, so in training a batch never vanishes:
where nothing is left of a rank's share it borrows one utterance, from the other ranks' shares or the next batch. What
is borrowed depends on the plan and the files only, so every rank keeps its number of batches, and positions in an epoch
keep their meaning for a resume.

Requests carry ids; a worker holds no list of the corpus.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from espnet2.train.utterance_random import own_random_state, seed_by
from espnet2.utils.errors import InputError

Item = tuple[str, dict[str, np.ndarray]]
Collate = Callable[[list[Item]], tuple[list[str], dict[str, Tensor]]]


class BatchRequest(NamedTuple):
    """What the main process asks a worker for."""

    seed_words: tuple[int | str, ...]  # what random numbers depend on, besides the utterance
    share: list[str]  # ids
    spare: list[str]  # ids to borrow one of when the whole share is damaged


class ReadBatch(NamedTuple):
    """What comes back."""

    uids: list[str]  # none if nothing could be read
    batch: dict[str, Tensor]
    damaged: list[tuple[str, str]]  # id, what is wrong
    error: str | None = None  # why what was read makes no batch


class BatchReader(Dataset):
    """A map from requests to batches, for a DataLoader.

    Args:
        dataset: ``dataset[uid] -> (uid, arrays)``.
        collate_fn: Makes a batch of utterances.
    """

    def __init__(self, dataset: Any, collate_fn: Collate):
        self.dataset = dataset
        self.collate_fn = collate_fn

    def __getitem__(self, request: BatchRequest) -> ReadBatch:
        with own_random_state():
            return self._batch(request)

    def _batch(self, request: BatchRequest) -> ReadBatch:
        damaged: list[tuple[str, str]] = []
        items = [item for uid in request.share if (item := self._read(uid, request, damaged)) is not None]
        for uid in request.spare:
            if items:
                break
            item = self._read(uid, request, damaged)
            items = [item] if item is not None else []
        if not items:
            return ReadBatch([], {}, damaged)
        seed_by(*request.seed_words)
        try:
            uids, batch = self.collate_fn(items)
        except InputError as error:
            return ReadBatch([], {}, damaged, str(error))
        return ReadBatch(uids, batch, damaged)

    def _read(self, uid: str, request: BatchRequest, damaged: list[tuple[str, str]]) -> Item | None:
        seed_by(*request.seed_words, uid)
        try:
            return self.dataset[uid]
        except InputError as error:
            damaged.append((uid, str(error)))
            return None

"""Batches from worker processes, in order; damaged utterances are named and counted."""

import logging
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from espnet2.iterators.batch_reader import BatchReader, BatchRequest
from espnet2.utils.errors import InputError


class Requests(Sized, Iterable[BatchRequest], Protocol):
    """Requests made one at a time, their number known."""


class DamageCount:
    """The damaged utterances seen so far, each told once.

    Args:
        limit: How many different ones are put up with.
    """

    def __init__(self, limit: int):
        self.limit = limit
        self.uids: set[str] = set()

    def note(self, damaged: list[tuple[str, str]]) -> None:
        """Log new ones.

        Raises:
            InputError: Beyond the limit.
        """
        for uid, message in damaged:
            if uid in self.uids:
                continue
            self.uids.add(uid)
            if self.limit == 0:
                raise InputError(message)
            if len(self.uids) > self.limit:
                found = f"{len(self.uids)} damaged utterances, more than --max_bad_utterances {self.limit}"
                raise InputError(f"{found}. The last: {message}")
            # An error, not a warning: ranks other than the first log nothing less.
            logging.error(f"Left out a damaged utterance ({len(self.uids)} of at most {self.limit}): {message}")


class BatchLoader:
    """Iterates over ``(uids, batch)`` for a list of requests.

    Args:
        reader: Reads a request.
        requests: What to read, in this order.
        damage: Counts damaged utterances.
        num_workers: Processes; 0 reads in this one.
        pin_memory: Put batches where a GPU copies from faster.
        skip_empty: Go on without a batch whose utterances are all damaged; otherwise it is an error.
    """

    def __init__(
        self,
        reader: BatchReader,
        requests: Requests,
        damage: DamageCount,
        num_workers: int = 0,
        pin_memory: bool = False,
        skip_empty: bool = False,
    ):
        self.requests = requests
        self.damage = damage
        self.skip_empty = skip_empty
        self._loader: Any = DataLoader(
            reader,
            batch_size=None,
            sampler=requests,
            collate_fn=_as_it_is,
            num_workers=min(num_workers, len(requests)),
            pin_memory=pin_memory,
            generator=torch.Generator(),  # the loader seeds its workers from it, not from the training's generator
        )

    def __len__(self) -> int:
        return len(self.requests)

    def __iter__(self) -> Iterator[tuple[list[str], dict[str, Tensor]]]:
        for read in self._loader:
            self.damage.note(read.damaged)
            if read.error is not None:
                raise InputError(read.error)
            if read.uids:
                yield read.uids, read.batch
            elif not self.skip_empty:
                raise InputError(
                    f"No utterance of a batch and of those after it can be read, such as: {read.damaged[-1][1]}"
                )


def _as_it_is(read: Any) -> Any:
    return read

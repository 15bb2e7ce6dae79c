"""How utterances are grouped into batches: one function per batch type, over arrays of lengths.

Each takes the lengths and settings and returns the rows in their order and where batches begin. Sizes count all ranks
together. A batch of ``length`` or ``numel`` is closed before its padded size would exceed ``batch_bins``; only
``min_batch_size`` utterances that are too large together exceed it.
"""

# F shape files, n utterances in some order, N batches

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from espnet2.samplers.batch_plan import Ids
from espnet2.utils.errors import InputError


class Corpus(NamedTuple):
    """Sizes of all utterances."""

    ids: Ids
    lengths: np.ndarray  # (F, n)  the first dimension in each shape file
    widths: np.ndarray  # (F,)  product of the other dimensions, the same for all utterances


@dataclass(frozen=True)
class BatchSettings:
    """What the batch types are told; see ``BatchOptions`` for the words."""

    batch_size: int = 20
    batch_bins: int = 1_000_000
    fold_lengths: tuple[int, ...] = ()
    sort_in_batch: str = "descending"
    sort_batch: str = "descending"
    drop_last: bool = False
    min_batch_size: int = 1
    max_batch_size: int | None = None
    utt2category_file: str | None = None
    category2utt_file: str | None = None
    dataset2utt_file: str | None = None
    upsampling_factor: float = 0.5
    category_upsampling_factor: float = 0.5
    dataset_upsampling_factor: float = 0.5
    dataset_scaling_factor: float = 1.2
    categories: np.ndarray | None = field(default=None, repr=False)  # (n,)  of utt2category_file

    def __post_init__(self):
        for name in ("batch_size", "batch_bins", "min_batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        if any(length < 1 for length in self.fold_lengths):
            raise InputError(f"fold_length is {self.fold_lengths}; every one must be 1 or more.")
        if self.max_batch_size is not None and self.max_batch_size < self.min_batch_size:
            raise InputError(
                f"max_batch_size is {self.max_batch_size}, less than {self.min_batch_size}, the smallest batch "
                "(min_batch_size, and one utterance for each rank)."
            )

    def capped(self, sizes: np.ndarray) -> np.ndarray:
        """Numbers of utterances, not under the minimum nor over the maximum."""
        sizes = np.maximum(sizes, self.min_batch_size)
        return sizes if self.max_batch_size is None else np.minimum(sizes, self.max_batch_size)


Batches = tuple[np.ndarray, np.ndarray]  # rows (n,), offsets (N + 1,)


def unsorted(corpus: Corpus, settings: BatchSettings) -> Batches:
    """Batches of ``batch_size`` in file order; a remainder is spread over them."""
    n = len(corpus.ids)
    return np.arange(n), _even_offsets(n, settings)


def sorted_(corpus: Corpus, settings: BatchSettings) -> Batches:
    """Batches of ``batch_size`` in the order of the first shape file's lengths."""
    lengths = corpus.lengths[0]
    rows = np.argsort(lengths if settings.sort_in_batch == "ascending" else -lengths, kind="stable")
    offsets = _even_offsets(len(rows), settings)
    rows = rows[: offsets[-1]]
    if settings.sort_batch != settings.sort_in_batch:
        return _reverse_batches(rows, offsets)
    return rows, offsets


def folded(corpus: Corpus, settings: BatchSettings) -> Batches:
    """Batches of ``batch_size``, cut to a half, a third, ... where the shortest utterance spans 1, 2, ... fold lengths.

    The size is ``batch_size // (1 + factor)`` with ``factor`` the greatest ``length // fold_length`` over the shape
    files for the first utterance of the batch. Categories are kept apart.
    """
    if len(settings.fold_lengths) != len(corpus.lengths):
        raise InputError(
            f"batch_type folded takes one --fold_length per shape file: {len(settings.fold_lengths)} fold lengths "
            f"for {len(corpus.lengths)} shape files."
        )
    factors = (corpus.lengths // np.asarray(settings.fold_lengths)[:, None]).max(axis=0)
    sizes = settings.capped(settings.batch_size // (1 + factors))
    n = corpus.lengths.shape[1]
    categories = np.zeros(n, np.int64) if settings.categories is None else settings.categories
    rows, offsets = [], [np.zeros(1, np.int64)]
    for category in np.unique(categories):
        members = np.flatnonzero(categories == category)
        members = members[np.argsort(corpus.lengths[0, members], kind="stable")]
        ends = [0]
        while ends[-1] < len(members):
            ends.append(ends[-1] + int(sizes[members[ends[-1]]]))
        last_is_full = ends[-1] == len(members)
        ends[-1] = len(members)
        ends = _finish(ends, last_is_full, settings)
        offsets.append(offsets[-1][-1] + np.asarray(ends[1:], np.int64))
        rows.append(members[: ends[-1]])
    return _arrange(np.concatenate(rows), np.concatenate(offsets), settings)


def length(corpus: Corpus, settings: BatchSettings) -> Batches:
    """Batches whose padded lengths, summed over the shape files, fill ``batch_bins``."""
    return fill_bins(corpus.lengths, np.ones_like(corpus.widths), settings)


def numel(corpus: Corpus, settings: BatchSettings) -> Batches:
    """Batches whose padded elements (length times the other dimensions), summed over the files, fill ``batch_bins``."""
    return fill_bins(corpus.lengths, corpus.widths, settings)


def fill_bins(lengths: np.ndarray, widths: np.ndarray, settings: BatchSettings) -> Batches:
    """Group utterances of like length while ``B * sum_f width_f * max_length_f`` stays within ``batch_bins``.

    Args:
        lengths: First dimensions (F, n).
        widths: What one frame counts in each file (F,).
        settings: ``batch_bins``, the limits of the batch size, the orders.
    """
    rows = np.argsort(lengths[0], kind="stable")
    lengths = lengths[:, rows]
    n = len(rows)
    ends, count, is_full = [0], 1, False
    while ends[-1] < n:
        count, is_full = _largest_batch(lengths[:, ends[-1] :], widths, settings, guess=2 * count + 16)
        ends.append(ends[-1] + count)
    ends = _finish(ends, is_full, settings)
    return _arrange(rows[: ends[-1]], np.asarray(ends, np.int64), settings)


def _largest_batch(lengths: np.ndarray, widths: np.ndarray, settings: BatchSettings, guess: int) -> tuple[int, bool]:
    """How many of the next utterances (F, rest) make a batch, and whether a limit, not the corpus's end, closed it."""
    rest = lengths.shape[1]
    while True:
        window = np.maximum.accumulate(lengths[:, :guess], axis=1)
        bins = np.arange(1, window.shape[1] + 1) * (widths @ window)  # grows with each utterance
        fits = int(np.searchsorted(bins, settings.batch_bins, side="right"))
        if fits < guess or guess >= rest:
            break
        guess *= 2
    count = min(int(settings.capped(np.asarray(fits))), rest)
    return count, fits < rest or count == settings.max_batch_size


def _finish(ends: list[int], last_is_full: bool, settings: BatchSettings) -> list[int]:
    """Drop an unfilled last batch where asked, and bring every batch to the minimum."""
    if settings.drop_last and not last_is_full:
        return ends[:-1]
    return lend_to_last(ends, settings.min_batch_size)


def lend_to_last(ends: list[int], minimum: int) -> list[int]:
    """Bring the last batch to ``minimum`` utterances: each batch takes what it lacks from the one before."""
    ends = list(ends)
    for i in range(len(ends) - 2, 0, -1):
        if ends[i + 1] - ends[i] >= minimum:
            break
        ends[i] = max(ends[i + 1] - minimum, 0)
    return [0] + [end for end in ends[1:-1] if end >= minimum] + ends[-1:]


def _even_offsets(n: int, settings: BatchSettings) -> np.ndarray:
    count = max(n // settings.batch_size, 1)
    if settings.drop_last:
        return np.arange(n // settings.batch_size + 1) * settings.batch_size
    return np.arange(count + 1) * n // count


def _arrange(rows: np.ndarray, offsets: np.ndarray, settings: BatchSettings) -> Batches:
    """From ascending order to the orders asked for."""
    if settings.sort_batch == "descending":
        rows, offsets = _reverse_batches(rows, offsets)
    if settings.sort_in_batch == "descending":
        sizes = np.diff(offsets)
        mirror = np.repeat(offsets[:-1] + offsets[1:] - 1, sizes) - np.arange(len(rows))
        rows = rows[mirror]
    return rows, offsets


def _reverse_batches(rows: np.ndarray, offsets: np.ndarray) -> Batches:
    """The last batch first, each as it was."""
    sizes = np.diff(offsets)[::-1]
    reversed_offsets = np.concatenate([[0], np.cumsum(sizes)])
    take = np.repeat(offsets[:-1][::-1] - reversed_offsets[:-1], sizes) + np.arange(len(rows))
    return rows[take], reversed_offsets


PLAIN_TYPES: dict[str, Callable[[Corpus, BatchSettings], Batches]] = {
    "unsorted": unsorted,
    "sorted": sorted_,
    "folded": folded,
    "length": length,
    "numel": numel,
}

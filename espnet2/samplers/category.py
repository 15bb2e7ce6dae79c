"""Batches balanced over categories (languages, speakers, classes) and data sets. Utterances may come again in an epoch.

catpow follows V. Pratap et al., "Scaling Speech Technology to 1,000+ Languages", 2023, https://arxiv.org/abs/2305.13516,
section 3: a category with the share s of the corpus is drawn with a probability proportional to ``s ** beta``.
"""

# K categories (or data set and category pairs), n utterances

import logging
from collections.abc import Callable

import numpy as np

from espnet2.fileio.corpus_index import ScpIndex
from espnet2.samplers.batch_types import Batches, BatchSettings, Corpus, fill_bins
from espnet2.utils.errors import InputError


def catbel(corpus: Corpus, settings: BatchSettings, random: np.random.RandomState) -> Batches:
    """Batches of ``batch_size`` in which all categories stand equally often, up to one.

    Each batch has every category ``batch_size // K`` times, and the rest of the batch comes from different categories.
    """
    members = _members(settings.category2utt_file, "category2utt", corpus)
    count, size = max(len(corpus.ids) // settings.batch_size, 1), settings.batch_size
    whole, rest = divmod(size, len(members))
    order = np.empty((count, size), np.int64)  # a category for each place
    order[:, : size - rest] = np.tile(np.arange(len(members)), whole)
    if rest:
        order[:, size - rest :] = _distinct(len(members), rest, count, random)
    rows = _deal(order.ravel(), members, random)
    return rows, np.arange(count + 1) * size


def catpow(corpus: Corpus, settings: BatchSettings, random: np.random.RandomState) -> Batches:
    """``dataset_scaling_factor * n`` utterances, categories drawn by a power of their share, in batches of bins."""
    members = _members(settings.category2utt_file, "category2utt", corpus)
    weights = np.array([len(rows) for rows in members]) ** settings.upsampling_factor
    return _draw(corpus, members, weights, settings, random)


def catpow_balance_dataset(corpus: Corpus, settings: BatchSettings, random: np.random.RandomState) -> Batches:
    """As catpow, with data sets drawn by a power of their share, and then categories by theirs in the data set."""
    datasets = _labels(_members(settings.dataset2utt_file, "dataset2utt", corpus), len(corpus.ids))
    categories = _labels(_members(settings.category2utt_file, "category2utt", corpus), len(corpus.ids))
    has_both = np.flatnonzero((datasets >= 0) & (categories >= 0))
    pairs = np.stack([datasets[has_both], categories[has_both]])
    (dataset_of_pair, _), pair_of_row, pair_counts = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    dataset_counts = np.bincount(dataset_of_pair, pair_counts)
    weights = (pair_counts / dataset_counts[dataset_of_pair]) ** settings.category_upsampling_factor
    weights /= np.bincount(dataset_of_pair, weights)[dataset_of_pair]
    weights *= dataset_counts[dataset_of_pair] ** settings.dataset_upsampling_factor
    by_pair = has_both[np.argsort(pair_of_row.ravel(), kind="stable")]
    members = np.split(by_pair, np.cumsum(pair_counts)[:-1])
    return _draw(corpus, members, weights, settings, random)


def _draw(
    corpus: Corpus,
    members: list[np.ndarray],
    weights: np.ndarray,
    settings: BatchSettings,
    random: np.random.RandomState,
) -> Batches:
    """Draw categories by weight, deal out their utterances, and batch these by length."""
    count = max(int(len(corpus.ids) * settings.dataset_scaling_factor), 1)
    categories = random.choice(len(members), size=count, p=weights / weights.sum())
    drawn = _deal(categories, members, random)
    places, offsets = fill_bins(corpus.lengths[:, drawn], np.ones_like(corpus.widths), settings)
    return drawn[places], offsets


def _deal(categories: np.ndarray, members: list[np.ndarray], random: np.random.RandomState) -> np.ndarray:
    """An utterance for each entry of ``categories``; a category's utterances all come before one comes again."""
    rows = np.empty(len(categories), np.int64)
    for category, own in enumerate(members):
        places = np.flatnonzero(categories == category)
        rounds = -(-len(places) // len(own))
        shuffled = [random.permutation(own) for _ in range(rounds)]
        rows[places] = np.concatenate(shuffled)[: len(places)] if rounds else []
    return rows


def _distinct(number: int, size: int, count: int, random: np.random.RandomState) -> np.ndarray:
    """``count`` times ``size`` different categories (count, size), each category about equally often."""
    per_shuffle = number // size
    shuffles = [
        random.permutation(number)[: per_shuffle * size].reshape(per_shuffle, size)
        for _ in range(-(-count // per_shuffle))
    ]
    return np.concatenate(shuffles)[:count]


def _members(path: str | None, name: str, corpus: Corpus) -> list[np.ndarray]:
    """Rows of each category of a ``category2utt`` file; ids that the corpus lacks are left out with a warning."""
    if path is None:
        raise InputError(f"This batch_type needs the file {name} beside the first data file.")
    table, missing, members = ScpIndex(path), 0, []
    for _, value in table.items():
        uids = value.split()
        rows = [corpus.ids.row_of(uid) for uid in uids if uid in corpus.ids]
        missing += len(uids) - len(rows)
        if rows:
            members.append(np.asarray(rows, np.int64))
    if not members:
        raise InputError(f"{path}: none of its utterances is in the shape file.")
    if missing:
        logging.warning(f"{path}: {missing} utterances are not in the shape file and are left out.")
    return members


def _labels(members: list[np.ndarray], n: int) -> np.ndarray:
    labels = np.full(n, -1, np.int64)
    for label, rows in enumerate(members):
        labels[rows] = label
    return labels


CATEGORY_TYPES: dict[str, Callable[[Corpus, BatchSettings, np.random.RandomState], Batches]] = {
    "catbel": catbel,
    "catpow": catpow,
    "catpow_balance_dataset": catpow_balance_dataset,
}

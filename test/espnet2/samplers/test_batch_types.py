"""Batch types: reference values by hand from the rules, and invariants over random corpora."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet2.samplers.batch_types import PLAIN_TYPES, BatchSettings, Corpus, lend_to_last
from espnet2.utils.errors import InputError


class ListIds(list):
    """Ids in a list, as the plan asks for them."""

    def id_at(self, row: int) -> str:
        return self[row]


def corpus_of(*lengths, widths=None) -> Corpus:
    lengths = np.asarray(lengths, np.int64)
    ids = ListIds(f"u{i}" for i in range(lengths.shape[1]))
    return Corpus(ids, lengths, np.ones(len(lengths), np.int64) if widths is None else np.asarray(widths))


def batches(batch_type: str, corpus: Corpus, **kwargs) -> list[list[int]]:
    rows, offsets = PLAIN_TYPES[batch_type](corpus, BatchSettings(**kwargs))
    return [rows[a:b].tolist() for a, b in zip(offsets[:-1], offsets[1:])]


ASCENDING = {"sort_in_batch": "ascending", "sort_batch": "ascending"}


def test_unsorted_spreads_the_remainder():
    """7 utterances, batch_size 3: two batches, split at i * 7 // 2."""
    corpus = corpus_of([1] * 7)
    assert batches("unsorted", corpus, batch_size=3) == [[0, 1, 2], [3, 4, 5, 6]]
    assert batches("unsorted", corpus, batch_size=3, drop_last=True) == [[0, 1, 2], [3, 4, 5]]
    assert batches("unsorted", corpus, batch_size=30) == [[0, 1, 2, 3, 4, 5, 6]]


@pytest.mark.parametrize(
    "in_batch, batch, expected",
    [
        ("ascending", "ascending", [[1, 2], [3, 0]]),
        ("descending", "descending", [[0, 3], [2, 1]]),
        ("descending", "ascending", [[2, 1], [0, 3]]),
        ("ascending", "descending", [[3, 0], [1, 2]]),
    ],
)
@pytest.mark.parametrize("batch_type, size", [("sorted", {"batch_size": 2}), ("length", {"batch_bins": 80})])
def test_orders(batch_type, size, in_batch, batch, expected):
    corpus = corpus_of([40, 10, 20, 30])
    assert batches(batch_type, corpus, sort_in_batch=in_batch, sort_batch=batch, **size) == expected


def test_folded_shrinks_where_any_file_is_long():
    """batch_size 4; the third shortest has a text of 2 folds: 4 // (1 + 2) = 1."""
    corpus = corpus_of([10, 20, 30, 110, 210], [1, 1, 20, 1, 1])
    out = batches("folded", corpus, batch_size=4, fold_lengths=(100, 10), **ASCENDING)
    assert out == [[0, 1, 2, 3], [4]]
    corpus = corpus_of([10, 20, 30, 110, 210], [20, 1, 1, 1, 1])
    out = batches("folded", corpus, batch_size=4, fold_lengths=(100, 10), **ASCENDING)
    assert out == [[0], [1, 2, 3, 4]]


def test_folded_keeps_categories_apart():
    corpus = corpus_of([1, 2, 3, 4])
    out = batches("folded", corpus, batch_size=4, fold_lengths=(10,), categories=np.array([0, 1, 0, 1]), **ASCENDING)
    assert out == [[0, 2], [1, 3]]


def test_numel_counts_the_other_dimensions_and_length_does_not():
    """Two utterances of 3 x 4 and 5 x 2 elements: 2 * (12 + 10) = 44."""
    corpus = corpus_of([3, 3], [5, 5], widths=[4, 2])
    assert len(batches("numel", corpus, batch_bins=44)) == 1
    assert len(batches("numel", corpus, batch_bins=43)) == 2
    assert len(batches("length", corpus, batch_bins=16)) == 1
    assert len(batches("length", corpus, batch_bins=15)) == 2


def test_drop_last_leaves_out_only_a_batch_that_is_not_full():
    corpus = corpus_of([1] * 5)
    assert [len(b) for b in batches("numel", corpus, batch_bins=2, drop_last=True)] == [2, 2]
    assert [len(b) for b in batches("folded", corpus, batch_size=2, fold_lengths=(9,), drop_last=True)] == [2, 2]


def test_lend_to_last():
    assert lend_to_last([0, 4, 8, 9], 3) == [0, 3, 6, 9]
    assert lend_to_last([0, 5, 10, 11], 3) == [0, 5, 8, 11]
    assert lend_to_last([0, 3, 6, 7], 3) == [0, 4, 7]
    assert lend_to_last([0, 1], 3) == [0, 1]
    assert lend_to_last([0, 4, 8], 3) == [0, 4, 8]


def test_refusals():
    with pytest.raises(InputError, match="one --fold_length per shape file: 1 fold lengths for 2"):
        batches("folded", corpus_of([1], [1]), fold_lengths=(10,))
    with pytest.raises(InputError, match="batch_size is 0"):
        BatchSettings(batch_size=0)
    with pytest.raises(InputError, match="max_batch_size is 2, less than 4"):
        BatchSettings(max_batch_size=2, min_batch_size=4)


sizes = st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 60)), min_size=1, max_size=120)


@settings(max_examples=60, deadline=None)
@given(
    sizes,
    st.sampled_from(sorted(PLAIN_TYPES)),
    st.integers(1, 20),
    st.integers(1, 5000),
    st.integers(1, 4),
    st.sampled_from(["ascending", "descending"]),
    st.sampled_from(["ascending", "descending"]),
)
def test_every_id_once_and_every_batch_large_enough(pairs, batch_type, size, bins, minimum, in_batch, batch):
    corpus = corpus_of(*zip(*pairs))
    minimum = min(minimum, len(pairs))
    out = batches(
        batch_type,
        corpus,
        batch_size=max(size, minimum),
        batch_bins=bins,
        fold_lengths=(300, 10),
        min_batch_size=minimum,
        sort_in_batch=in_batch,
        sort_batch=batch,
    )
    assert sorted(row for rows in out for row in rows) == list(range(len(pairs)))
    assert min(map(len, out)) >= minimum


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(1, 30000), st.integers(1, 3), st.integers(3, 30))
def test_bins_never_above_batch_bins(pairs, bins, minimum, maximum):
    """Only a batch of the least size may be larger; and the next utterance would not have fitted."""
    widths = np.array([3, 7])
    corpus = corpus_of(*zip(*pairs), widths=widths)
    out = batches("numel", corpus, batch_bins=bins, min_batch_size=minimum, max_batch_size=maximum, **ASCENDING)

    def padded(rows):
        return len(rows) * int(widths @ corpus.lengths[:, rows].max(axis=1))

    for rows, following in zip(out, [*out[1:], []]):
        assert len(rows) <= max(maximum, 2 * minimum - 1)
        assert padded(rows) <= bins or len(rows) <= max(minimum, 2 * minimum - 1)
        if len(following) > minimum and len(rows) < maximum:
            assert padded([*rows, following[0]]) > bins

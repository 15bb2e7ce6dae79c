"""Order, resume, ranks and damage of the sequence iterator."""

import logging
import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet2.iterators.sequence_iter_factory import SequenceIterFactory, batch_order
from espnet2.train.dataset import ESPnetDataset
from espnet2.utils.errors import InputError


def add_noise(uid, data):
    """A preprocessor that draws from all three generators."""
    import random

    noise = np.random.randn(*data["speech"].shape) + random.random() + torch.rand(1).item()
    return {"speech": data["speech"] + noise}


def uids_of(iterator) -> list[list[str]]:
    return [uids for uids, _ in iterator]


def same(one, two) -> bool:
    one, two = list(one), list(two)
    return len(one) == len(two) and all(
        a == b and x.keys() == y.keys() and all(torch.equal(x[k], y[k]) for k in x) for (a, x), (b, y) in zip(one, two)
    )


def test_every_id_once_and_padded(corpus):
    factory = SequenceIterFactory(corpus.dataset(), corpus.plan(), shuffle=True)
    iterator = factory.build_iter(1)
    assert len(iterator) == 5
    seen = []
    for uids, batch in iterator:
        assert batch["speech"].shape == (len(uids), max(batch["speech_lengths"]))
        for uid, row, length in zip(uids, batch["speech"], batch["speech_lengths"]):
            number = int(uid[3:])
            assert length == number + 1 and torch.all(row[:length] == number) and torch.all(row[length:] == 0)
        seen += uids
    assert sorted(seen) == corpus.ids


def test_order_is_a_function_of_seed_and_epoch(corpus):
    one, two = (SequenceIterFactory(corpus.dataset(), corpus.plan(), seed=3, shuffle=True) for _ in range(2))
    other = SequenceIterFactory(corpus.dataset(), corpus.plan(), seed=4, shuffle=True)
    assert uids_of(one.build_iter(2)) == uids_of(two.build_iter(2))
    assert uids_of(one.build_iter(1)) != uids_of(one.build_iter(2))
    assert uids_of(one.build_iter(2)) != uids_of(other.build_iter(2))
    assert uids_of(one.build_iter(2, shuffle=False)) == [corpus.plan().utterances(i) for i in range(5)]


@pytest.mark.parametrize("num_workers, start", [(0, 2), (2, 0), (2, 2)])
def test_workers_and_resume_change_no_sample(corpus, num_workers, start):
    kwargs = {"seed": 1, "shuffle": True, "shuffle_within_batch": True}
    whole = SequenceIterFactory(corpus.dataset(add_noise), corpus.plan(), **kwargs)
    part = SequenceIterFactory(corpus.dataset(add_noise), corpus.plan(), num_workers=num_workers, **kwargs)
    iterator = part.build_iter(5, start=start)
    assert len(iterator) == 5 - start
    assert same(list(whole.build_iter(5))[start:], iterator)
    assert list(part.build_iter(5, start=5)) == []
    assert not same(whole.build_iter(5), whole.build_iter(6))


def test_the_cache_outlives_workers(corpus):
    dataset = ESPnetDataset([(str(corpus.speech), "speech", "text_float")], max_cache_size=10_000)
    factory = SequenceIterFactory(dataset, corpus.plan(), num_workers=2)
    one = list(factory.build_iter(1))
    assert all(dataset.cache.get(uid) is not None for uid in corpus.ids)
    assert same(one, factory.build_iter(1))


def test_reading_leaves_the_training_s_random_numbers_alone(corpus):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    list(SequenceIterFactory(corpus.dataset(add_noise), corpus.plan()).build_iter(1))
    assert torch.equal(torch.rand(3), expected)


def test_ranks_partition_each_batch(corpus):
    plan = corpus.plan(batch_size=5)
    ranks = [
        uids_of(SequenceIterFactory(corpus.dataset(), plan, seed=2, shuffle=True, rank=r, world_size=3).build_iter(1))
        for r in range(3)
    ]
    alone = uids_of(SequenceIterFactory(corpus.dataset(), plan, seed=2, shuffle=True).build_iter(1))
    for batch, *shares in zip(alone, *ranks):
        assert shares == [batch[r::3] for r in range(3)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(1, 30), st.integers(1, 6), st.booleans())
def test_windows_pass_over_all_batches(number, window, epochs, shuffle):
    """Windows one after another are whole passes, each a permutation; and an epoch needs no earlier one."""
    row = np.concatenate([batch_order(number, e + 1, 7, shuffle, window) for e in range(epochs)])
    assert len(row) == window * epochs
    for begin in range(0, len(row) - number + 1, number):
        assert sorted(row[begin : begin + number]) == list(range(number))
    if shuffle:
        assert np.array_equal(batch_order(number, 1, 7, True, None), batch_order(number, 1, 7, True, number))


def test_damaged_utterances_are_named_and_left_out(make_corpus, caplog):
    corpus = make_corpus(damaged=(3, 17))
    factory = SequenceIterFactory(corpus.dataset(), corpus.plan(), shuffle=True, max_bad_utterances=2)
    with caplog.at_level(logging.ERROR):
        seen = [uid for uids in uids_of(factory.build_iter(1)) for uid in uids]
    assert sorted(seen) == [uid for uid in corpus.ids if uid not in ("utt003", "utt017")]
    assert "speech:4: utterance 'utt003'" in caplog.text and "2 of at most 2" in caplog.text
    caplog.clear()
    list(factory.build_iter(2))
    assert caplog.text == ""  # told once
    strict = SequenceIterFactory(corpus.dataset(), corpus.plan(), max_bad_utterances=1, num_workers=2)
    with pytest.raises(InputError, match="2 damaged utterances, more than --max_bad_utterances 1. The last: .*speech:"):
        list(strict.build_iter(1))


def test_ranks_stay_in_step_when_a_share_is_damaged(make_corpus):
    """Rank 1's share of the first batch is damaged: it borrows; both ranks have as many batches as planned."""
    corpus = make_corpus(number=8, damaged=(1, 3))
    plan = corpus.plan(batch_size=4, sort_in_batch="ascending", sort_batch="ascending")
    one, two = (
        uids_of(SequenceIterFactory(corpus.dataset(), plan, rank=r, world_size=2).build_iter(1)) for r in range(2)
    )
    assert one == [["utt000", "utt002"], ["utt004", "utt006"]]
    assert two == [["utt000"], ["utt005", "utt007"]]


def test_a_whole_batch_damaged_borrows_from_the_next(make_corpus):
    corpus = make_corpus(number=8, damaged=(0, 1, 2, 3))
    plan = corpus.plan(batch_size=4, sort_in_batch="ascending", sort_batch="ascending")
    assert uids_of(SequenceIterFactory(corpus.dataset(), plan).build_iter(1))[0] == ["utt004"]


def test_nothing_can_be_read(make_corpus):
    corpus = make_corpus(number=4, damaged=(0, 1, 2, 3))
    with pytest.raises(InputError, match="No utterance of a batch and of those after it can be read"):
        list(SequenceIterFactory(corpus.dataset(), corpus.plan()).build_iter(1))


def test_batch_smaller_than_the_ranks(corpus):
    with pytest.raises(InputError, match="A batch has 4 utterances, fewer than the 5 ranks"):
        SequenceIterFactory(corpus.dataset(), corpus.plan(), world_size=5)


def die(uid, data):
    """A preprocessor with a mistake."""
    raise ZeroDivisionError(f"while reading {uid}")


def test_a_mistake_in_a_worker_stops_with_its_traceback(corpus):
    factory = SequenceIterFactory(corpus.dataset(die), corpus.plan(), num_workers=1)
    with pytest.raises(ZeroDivisionError, match=r"(?s)worker process 0.*Traceback.*in die.*while reading utt022"):
        list(factory.build_iter(1))


def kill(uid, data):
    """A preprocessor whose process is killed, as by a lack of memory."""
    os._exit(9)


def test_a_killed_worker_stops(corpus):
    factory = SequenceIterFactory(corpus.dataset(kill), corpus.plan(), num_workers=1)
    with pytest.raises(RuntimeError, match="worker.*exited unexpectedly"):
        list(factory.build_iter(1))

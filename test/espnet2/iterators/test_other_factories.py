"""Category, multiple and streaming iterators."""

import pytest

from espnet2.iterators.category_iter_factory import CategoryIterFactory
from espnet2.iterators.multiple_iter_factory import MultipleIterFactory, split_iters
from espnet2.iterators.sequence_iter_factory import SequenceIterFactory
from espnet2.iterators.streaming_iterator import StreamingIterator
from espnet2.samplers.batch_types import BatchSettings
from espnet2.samplers.build_batch_sampler import plan_corpus
from espnet2.samplers.corpus import read_corpus
from espnet2.train.collate_fn import CommonCollateFn
from espnet2.utils.errors import InputError


def uids_of(iterator):
    return [uids for uids, _ in iterator]


@pytest.fixture
def category_factory(corpus):
    """Two categories of very different size."""
    path = corpus.shape.parent / "category2utt"
    path.write_text(f"a {' '.join(corpus.ids[:20])}\nb {' '.join(corpus.ids[20:])}\n")
    shapes, settings = read_corpus([corpus.shape]), BatchSettings(batch_size=2, category2utt_file=str(path))

    def make(**kwargs):
        draw = lambda seed: plan_corpus(shapes, "catbel", settings, seed)  # noqa: E731
        return CategoryIterFactory(corpus.dataset(), draw, seed=1, shuffle=True, **kwargs)

    return make


def test_category_draws_anew_each_epoch(category_factory):
    factory = category_factory()
    one = uids_of(factory.build_iter(1))
    assert len(one) == 11 and all((x >= "utt020") != (y >= "utt020") for x, y in one)
    assert one == uids_of(category_factory().build_iter(1)) and one != uids_of(factory.build_iter(2))
    assert uids_of(factory.build_iter(1, start=4)) == one[4:]
    assert len(category_factory(num_iters_per_epoch=30).build_iter(1)) == 30


@pytest.fixture
def multiple(corpus):
    """Three splits of 2, 2 and 1 batches, each a part of the plan."""
    plan = corpus.plan()
    builds = [lambda r=r: SequenceIterFactory(corpus.dataset(), plan.shard(r, 3), shuffle=True) for r in range(3)]
    return MultipleIterFactory(builds, seed=0, shuffle=True)


def test_multiple_chains_its_splits(multiple, corpus):
    one, two = uids_of(multiple.build_iter(1)), uids_of(multiple.build_iter(2))
    assert sorted(uid for uids in one for uid in uids) == corpus.ids and one != two
    for start in range(6):
        assert uids_of(multiple.build_iter(2, start=start)) == two[start:]


def test_split_iters():
    assert split_iters(10, 3) == [3, 3, 4] and split_iters(None, 2) == [None, None]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_streaming_keeps_the_order_of_the_keys(corpus, tmp_path, num_workers):
    keys = tmp_path / "keys.scp"
    order = [corpus.ids[i] for i in (5, 1, 22, 7, 3)]
    keys.write_text("".join(f"{uid} x\n" for uid in order))
    iterator = StreamingIterator(corpus.dataset(), CommonCollateFn(), 2, keys, num_workers)
    assert len(iterator) == 3
    assert uids_of(iterator) == [order[:2], order[2:4], order[4:]]
    assert len(uids_of(StreamingIterator(corpus.dataset(), CommonCollateFn()))) == 23


@pytest.mark.parametrize("num_workers", [0, 1])
def test_streaming_and_damage(make_corpus, num_workers):
    """By default the first is an error, without a worker's traceback in its words; else it is left out."""
    corpus = make_corpus(damaged=(1,))
    strict = StreamingIterator(corpus.dataset(), CommonCollateFn(), num_workers=num_workers)
    with pytest.raises(InputError, match=r"^\S+speech:2: utterance 'utt001': could not convert[^\n]*$"):
        list(strict)
    loose = StreamingIterator(corpus.dataset(), CommonCollateFn(), num_workers=num_workers, max_bad_utterances=1)
    assert len(uids_of(loose)) == 22

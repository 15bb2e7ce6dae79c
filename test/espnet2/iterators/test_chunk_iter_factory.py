"""Chunks."""

import numpy as np
import pytest
import torch

from espnet2.iterators.chunk_iter_factory import ChunkIterFactory, parse_chunk_length
from espnet2.samplers.corpus import read_ids
from espnet2.utils.errors import InputError


def ramp(uid, data):
    """Two sequences of one length that count from 0, and one datum that is not cut."""
    count = np.arange(len(data["speech"]), dtype=np.float32)
    return {"speech": count, "target": -count, "utt2category": np.array([int(uid[3:]) % 2])}


@pytest.fixture
def make_factory(corpus):
    """Factories over utterances of 1 to 23 samples."""

    def make(**kwargs):
        kwargs = {"batch_size": 3, "chunk_length": 6, "seed": 1, "shuffle": True} | kwargs
        return ChunkIterFactory(corpus.dataset(ramp), read_ids([corpus.shape]).ids, **kwargs)

    return make


def test_chunks_without_shuffling_are_all_there(make_factory):
    """An utterance of L samples gives (L - 6) // 3 + 1 chunks, 3 apart; categories are not mixed."""
    chunks = [
        (uid, row[0].item())
        for uids, batch in make_factory(batch_size=1, shuffle=False).build_iter(1)
        for uid, row in zip(uids, batch["speech"])
    ]
    expected = [(f"utt{n - 1:03d}", float(b)) for n in range(7, 24) for b in range(0, n - 5, 3)]
    assert sorted(chunks) == expected


def test_batches(make_factory):
    for uids, batch in make_factory(num_cache_chunks=8).build_iter(2):
        assert batch["speech"].shape == (3, 6) and batch["speech_lengths"].tolist() == [6, 6, 6]
        assert torch.equal(batch["speech"], -batch["target"])
        assert torch.equal(batch["speech"] - batch["speech"][:, :1], torch.arange(6.0).expand(3, 6))
        assert len({int(uid[3:]) % 2 for uid in uids}) == 1


@pytest.mark.parametrize("start", [0, 4])
def test_same_seed_same_chunks(make_factory, start):
    one = list(make_factory(chunk_length="4,6").build_iter(3))[start:]
    two = list(make_factory(chunk_length="4,6", num_workers=2).build_iter(3, start=start))
    assert [u for u, _ in one] == [u for u, _ in two]
    assert all(torch.equal(a["speech"], b["speech"]) for (_, a), (_, b) in zip(one, two))
    assert {b["speech"].shape[1] for _, b in one} == {4, 6}


def test_short_ones(make_factory, caplog):
    list(make_factory().build_iter(1))
    assert "'utt005' of length 6 is shorter than chunk_length" in caplog.text
    whole = [b["speech"].shape[1] for _, b in make_factory(batch_size=1, discard_short_samples=False).build_iter(1)]
    assert sorted(set(whole)) == [1, 2, 3, 4, 5, 6]


def test_ranks_share_utterances_and_batch_size(make_factory):
    ranks = [make_factory(batch_size=3, rank=r, world_size=2) for r in range(2)]
    seen = [{uid for uids, _ in rank.build_iter(1) for uid in uids} for rank in ranks]
    assert [rank.batch_size for rank in ranks] == [2, 1]
    assert seen[0] and seen[1] and not seen[0] & seen[1]


def test_lengths_follow_the_sample_rate(make_factory):
    factory = make_factory(chunk_length=8, default_fs=8000, chunk_max_abs_length=14)
    assert factory._lengths_for({"utt2fs": np.array([4000])}) == [4]
    assert factory._lengths_for({"utt2fs": np.array([16000])}) == [14]
    assert factory._lengths_for({}) == [8]


def test_parse_chunk_length():
    assert parse_chunk_length(500) == [500] and parse_chunk_length("3,5") == [3, 5]
    assert parse_chunk_length("3-5") == [3, 4, 5]


@pytest.mark.parametrize("text", ["", "a", "0", "5-3", "3,"])
def test_refused_lengths(text):
    with pytest.raises(InputError, match="chunk_length"):
        parse_chunk_length(text)


def test_refusals(corpus, make_factory):
    with pytest.raises(InputError, match="does not give each of 4 ranks"):
        make_factory(world_size=4)

    def uneven(uid, data):
        return {"speech": data["speech"], "text": np.zeros(1)}

    factory = ChunkIterFactory(corpus.dataset(uneven), read_ids([corpus.shape]).ids, batch_size=1)
    with pytest.raises(InputError, match="chunks need data of one length"):
        list(factory.build_iter(1))
    allowed = ChunkIterFactory(
        corpus.dataset(uneven), read_ids([corpus.shape]).ids, 1, chunk_length=3, excluded_key_prefixes=["te"]
    )
    assert next(iter(allowed.build_iter(1)))[1]["text"].shape == (1, 1)

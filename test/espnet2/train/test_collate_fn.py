"""Padding."""

import numpy as np
import pytest
import torch

from espnet2.train.collate_fn import CommonCollateFn
from espnet2.utils.errors import InputError


def test_pads_the_first_axis_and_adds_lengths():
    collate = CommonCollateFn(float_pad_value=0.5, int_pad_value=-1, not_sequence=["sids"])
    one = {"speech": np.ones((3, 2), np.float32), "text": np.array([7]), "sids": np.array([1]), "loud": np.array(2.0)}
    two = {"speech": np.ones((1, 2), np.float32), "text": np.array([8, 9]), "sids": np.array([2]), "loud": np.array(3.0)}
    collate.not_sequence |= {"loud"}
    uids, batch = collate([("a", one), ("b", two)])
    assert uids == ["a", "b"]
    assert batch["speech"].tolist() == [[[1, 1]] * 3, [[1, 1], [0.5, 0.5], [0.5, 0.5]]]
    assert batch["text"].tolist() == [[7, -1], [8, 9]] and batch["text"].dtype == torch.int64
    assert batch["speech_lengths"].tolist() == [3, 1] and batch["speech_lengths"].dtype == torch.int64
    assert batch["sids"].tolist() == [[1], [2]] and batch["loud"].tolist() == [2, 3]
    assert set(batch) == {"speech", "speech_lengths", "text", "text_lengths", "sids", "loud"}


def test_refusals():
    collate = CommonCollateFn()
    mono, stereo = {"speech": np.ones(3)}, {"speech": np.ones((3, 2))}
    with pytest.raises(InputError, match=r"'speech' of 'b' has the shape \(3, 2\), of 'a' \(3,\).*channels"):
        collate([("a", mono), ("b", stereo)])
    with pytest.raises(InputError, match="'b' has the data"):
        collate([("a", mono), ("b", {"text": np.ones(1)})])
    with pytest.raises(InputError, match="end in _lengths"):
        collate([("a", {"x_lengths": np.ones(1)})])

"""Masks over padded batches."""

import torch

from espnet2.layers.mask import causal_mask, make_attention_mask, make_pad_mask


def test_pad_mask_marks_what_lies_behind_each_length():
    assert make_pad_mask([1, 3]).tolist() == [[False, True, True], [False, False, False]]
    assert make_pad_mask(torch.tensor([2]), maxlen=3).tolist() == [[False, False, True]]


def test_attention_mask_is_the_opposite_with_an_axis_for_queries():
    lengths = torch.tensor([2, 4, 1])
    assert make_attention_mask(lengths, 5).shape == (3, 1, 5)
    assert torch.equal(make_attention_mask(lengths, 5).squeeze(1), ~make_pad_mask(lengths, 5))


def test_causal_mask_hides_the_future():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]

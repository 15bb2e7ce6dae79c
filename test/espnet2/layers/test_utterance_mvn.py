"""Normalisation by each utterance's own statistics."""

import torch

from espnet2.layers.utterance_mvn import UtteranceMVN


def test_valid_frames_have_mean_zero_and_with_the_option_deviation_one():
    x = torch.randn(1, 30, 4) * 3 + 1
    y, lengths = UtteranceMVN(norm_vars=True)(x)
    assert lengths.tolist() == [30]
    assert torch.allclose(y.mean(1), torch.zeros(1, 4), atol=1e-5)
    assert torch.allclose(y.std(1, unbiased=False), torch.ones(1, 4), atol=1e-4)


def test_a_row_of_a_batch_equals_the_batch_of_one_on_its_own_frames():
    x = torch.randn(2, 9, 4)
    y, _ = UtteranceMVN()(x, torch.tensor([9, 6]))
    assert torch.allclose(y[1:, :6], UtteranceMVN()(x[1:, :6])[0], atol=1e-6)


def test_padding_becomes_the_negative_mean_as_trained_models_expect():
    x = torch.randn(2, 9, 4)
    y, _ = UtteranceMVN()(x, torch.tensor([9, 6]))
    assert torch.allclose(y[1, 6:], -x[1, :6].mean(0).expand(3, 4), atol=1e-6)


def test_variance_alone():
    x = torch.randn(1, 30, 4) + 5
    y, _ = UtteranceMVN(norm_means=False, norm_vars=True)(x)
    assert torch.allclose(y, x / x.std(1, unbiased=False, keepdim=True), atol=1e-4)

"""Cheap dropout."""

import pytest
import torch

from espnet2.layers.dropout import Dropout


def test_drops_the_right_share_and_keeps_the_mean():
    torch.manual_seed(0)
    x = torch.ones(300, 1001)
    y = Dropout(0.3)(x)
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
    assert y.mean().item() == pytest.approx(1.0, abs=0.01)
    assert y[y != 0].unique().tolist() == pytest.approx([1 / 0.7], rel=1e-4)


def test_the_gradient_passes_where_the_value_passed():
    x = torch.randn(7, 11, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    assert torch.equal(y, x * x.grad)


def test_same_seed_same_mask():
    x = torch.ones(5, 6, 7)
    torch.manual_seed(3)
    first = Dropout(0.2)(x)
    torch.manual_seed(3)
    assert torch.equal(first, Dropout(0.2)(x))


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_ends_of_the_range(rate):
    x = torch.randn(3, 5)
    assert torch.equal(Dropout(rate)(x), x * (1 - rate))


def test_identity_in_evaluation():
    x = torch.randn(3, 5)
    assert torch.equal(Dropout(0.9).eval()(x), x)

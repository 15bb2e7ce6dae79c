"""Sums of logarithms against torch's."""
import pytest
import torch

from espnet2.search import log_cumsum
from espnet2.search.log_cumsum import BLOCK, LOGZERO, exp_, log_, log_cumsum_exp, log_sum_exp


def close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-9, rtol=1e-12)


def walks(num_numbers, scale):
    """Numbers that drift far away, as forward variables do."""
    steps = torch.randn(2, 3, num_numbers, generator=torch.Generator().manual_seed(num_numbers), dtype=torch.float64)
    return (scale * steps).cumsum(2)


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("scale", [0.1, 5.0, 30.0])
@pytest.mark.parametrize("num_numbers", [1, BLOCK - 1, BLOCK, BLOCK + 1, 300])
def test_cumulative_sums(num_numbers, scale, few, monkeypatch):
    monkeypatch.setattr(log_cumsum, "FEW", few)
    x = walks(num_numbers, scale)
    for numbers in (x, x - 5000.0 * torch.arange(num_numbers)):
        close(log_cumsum_exp(numbers), numbers.logcumsumexp(2))


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("first", [0, 3, BLOCK, 21, 40])
def test_what_comes_before_the_first_number_is_zero(first, few, monkeypatch):
    monkeypatch.setattr(log_cumsum, "FEW", few)
    x = walks(40, 5.0)
    x[:, :, :first] = 3.0 * LOGZERO
    sums = log_cumsum_exp(x)
    assert (sums[:, :, :first] < LOGZERO / 2).all()
    close(sums[:, :, first:], x[:, :, first:].logcumsumexp(2))


def test_sums():
    for x in (walks(40, 30.0), torch.full((2, 3, 5), LOGZERO, dtype=torch.float64)):
        close(log_sum_exp(x), x.logsumexp(2))


def test_nothing_above_the_least_number_is_nothing():
    x = torch.tensor([LOGZERO, -900.0, -600.0, 0.0], dtype=torch.float64)
    close(log_(exp_(x)), torch.tensor([LOGZERO, LOGZERO, -600.0, 0.0], dtype=torch.float64))

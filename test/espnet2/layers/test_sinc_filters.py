"""Band-pass filters by their edges."""

import math

import numpy as np
import pytest
import torch

from espnet2.layers.sinc_filters import SincFilters, bark_edges, mel_edges


@pytest.mark.parametrize("windowing", ["hamming", "none"])
def test_taps_are_a_difference_of_low_pass_filters(windowing):
    filters = SincFilters(3, 101, 16000, windowing)
    edges = torch.tensor([[0.01, 0.05], [-0.02, 0.1], [0.2, 0.1]])  # signs and order do not matter
    with torch.no_grad():
        filters.f.copy_(edges)
    n = np.arange(-50, 51)
    for taps, (f0, f1) in zip(filters.kernels()[:, 0].tolist(), edges.tolist()):
        low, high = abs(f0), abs(f0) + abs(f1 - f0)
        expected = 2 * high * np.sinc(2 * high * n) - 2 * low * np.sinc(2 * low * n)
        if windowing == "hamming":  # a window that is 1 in the middle, and beside it begins at cos(2 pi 50 / 101)
            shape = 0.54 - 0.46 * np.cos(2 * np.pi * (51 - np.abs(n)) / 101)
            expected = expected * np.where(n == 0, 1.0, shape)
        assert np.allclose(taps, expected, atol=1e-6)


def test_a_filter_passes_its_band():
    filters = SincFilters(1, 101, 16000)
    with torch.no_grad():
        filters.f.copy_(torch.tensor([[1000.0, 2000.0]]) / 16000)
    seconds = torch.arange(4000) / 16000
    power = {hz: filters(torch.sin(2 * math.pi * hz * seconds)[None, None]).square().mean() for hz in (300, 1500, 4000)}
    assert power[1500] > 0.4 and max(power[300], power[4000]) < 0.01


def test_filters_are_spread_by_mel_or_bark():
    mel = mel_edges(128, 16000)
    assert mel[0, 0] == pytest.approx(30.0) and mel[-1, 1] == pytest.approx(8000.0)
    assert torch.allclose(mel[:-2, 1], mel[2:, 0])  # where a filter ends, the one after the next begins
    steps = torch.log1p(mel[:, 0] / 700).diff()
    assert torch.allclose(steps, steps[:1].expand(127))
    bark = 6 * torch.asinh(bark_edges(128, 16000) / 600)
    assert torch.allclose(bark[:, 1] - bark[:, 0], torch.ones(128, dtype=torch.float64))
    centres = 600 * torch.sinh(bark.mean(1) / 6)
    assert centres[0] == pytest.approx(70.0) and centres[-1] == pytest.approx(7200.0)
    assert torch.allclose(SincFilters(128, 101, 16000).f.double() * 16000, mel, atol=1e-2)

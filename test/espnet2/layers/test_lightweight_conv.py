"""Lightweight and dynamic convolutions against the formulas in loops, and what they may see."""

import pytest
import torch

from espnet2.layers.dynamic_conv import DynamicConvolution, DynamicConvolution2d
from espnet2.layers.lightweight_conv import LightweightConvolution, LightweightConvolution2d
from espnet2.utils.errors import InputError

B, L, D, H, K = 2, 7, 8, 4, 5
KINDS = (LightweightConvolution, LightweightConvolution2d, DynamicConvolution, DynamicConvolution2d)


def build(kind, **options):
    torch.manual_seed(0)
    return kind(H, D, 0.0, K, **options)


def softmax(taps):
    powers = torch.tensor([float(tap) for tap in taps]).exp()
    return powers / powers.sum()


def over_time(gated, kernel_of):
    """Sum over the labels up to the present one: kernel_of(b, t, c) gives K // 2 + 1 numbers."""
    y = torch.zeros_like(gated)
    for b, t, c in torch.cartesian_prod(*map(torch.arange, gated.shape)).tolist():
        for tap, weight in enumerate(kernel_of(b, t, c)):
            source = t - K // 2 + tap
            if source >= 0:
                y[b, t, c] += weight * gated[b, source, c]
    return y


def over_channels(gated, kernel_of):
    y = torch.zeros_like(gated)
    for b, t, c in torch.cartesian_prod(*map(torch.arange, gated.shape)).tolist():
        for tap, weight in enumerate(kernel_of(b, t)):
            source = c - K // 2 + tap
            if 0 <= source < gated.size(2):
                y[b, t, c] += weight * gated[b, t, source]
    return y


def gate(layer, x):
    values, gates = layer.linear1(x).chunk(2, -1)
    return values * torch.sigmoid(gates)


@pytest.mark.parametrize("kind", [LightweightConvolution, LightweightConvolution2d])
@torch.no_grad()
def test_lightweight_kernels_are_shared(kind):
    layer, x = build(kind, use_bias=True), torch.randn(B, L, D)
    layer.bias.normal_()
    gated = gate(layer, x)
    y = over_time(gated, lambda b, t, c: softmax(layer.weight[c % H, 0, : K // 2 + 1])) + layer.bias
    if kind is LightweightConvolution2d:
        y = torch.cat([y, over_channels(gated, lambda b, t: softmax(layer.weight_f[0, 0]))], -1)
    torch.testing.assert_close(layer(x), layer.linear2(y))


@pytest.mark.parametrize("kind", [DynamicConvolution, DynamicConvolution2d])
@torch.no_grad()
def test_dynamic_kernels_come_from_the_label(kind):
    layer, x = build(kind, use_bias=True), torch.randn(B, L, D)
    layer.bias.normal_()
    gated = gate(layer, x)
    taps = layer.linear_weight(gated).view(B, L, H, K)
    y = over_time(gated, lambda b, t, c: softmax(taps[b, t, c // (D // H), : K // 2 + 1])) + layer.bias
    if kind is DynamicConvolution2d:
        taps_f = layer.linear_weight_f(gated)
        y = torch.cat([y, over_channels(gated, lambda b, t: softmax(taps_f[b, t]))], -1)
    torch.testing.assert_close(layer(x), layer.linear2(y))


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_the_future_is_not_seen_and_a_reach_of_the_past_is(kind):
    layer, x = build(kind), torch.randn(B, L, D)
    y, later, earlier = layer(x), x.clone(), x.clone()
    later[:, 4:] += 1.0
    torch.testing.assert_close(layer(later)[:, :4], y[:, :4])
    earlier[:, 3] += 1.0
    changed = (layer(earlier) - y).abs().amax((0, 2)) > 1e-6
    assert changed.tolist() == [3 <= t <= 3 + K // 2 for t in range(L)]
    torch.testing.assert_close(layer(x[:, :4]), y[:, :4])  # the length does not matter


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_trained_and_kernels_are_dropped_out(kind):
    layer = build(kind, use_bias=True)
    layer(torch.randn(B, L, D)).square().sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in layer.parameters())
    layer.dropout_rate, x = 0.5, torch.randn(B, L, D)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


def test_refusals():
    with pytest.raises(InputError, match="must be odd, but one is 4"):
        LightweightConvolution(H, D, 0.0, 4)
    with pytest.raises(InputError, match="model size 8 is not a multiple of conv_wshare 3"):
        DynamicConvolution(3, D, 0.0, K)

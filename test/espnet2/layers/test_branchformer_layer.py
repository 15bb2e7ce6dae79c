"""A Branchformer layer."""

from functools import partial

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.branchformer_layer import BranchformerLayer
from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.convolution import depthwise_conv
from espnet2.layers.fast_self_attention import FastSelfAttention
from espnet2.layers.mask import make_attention_mask
from espnet2.utils.errors import InputError


def build(attn=True, cgmlp=True, fast=False, **options):
    torch.manual_seed(0)
    attention = FastSelfAttention(2, 8, 0.0) if fast else MultiHeadedAttention(2, 8, 0.0)
    make_conv = partial(depthwise_conv, kernel_size=3, option="cgmlp_conv_kernel")
    mlp = ConvolutionalGatingMLP(8, 12, make_conv, 0.0)
    return BranchformerLayer(8, attention if attn else None, mlp if cgmlp else None, 0.0, **options).eval()


def branches(layer, x, mask=None):
    y = layer.norm_mha(x)
    return layer.attn(y, y, y, mask), layer.cgmlp(layer.norm_mlp(x))


X = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(1))


def test_concatenation():
    layer = build()
    merged = layer.merge_proj(torch.cat(branches(layer, X), -1))
    assert torch.allclose(layer(X, None), layer.norm_final(X + merged), atol=1e-6)


def test_mean_with_a_fixed_weight():
    layer = build(merge_method="fixed_ave", cgmlp_weight=0.3)
    attended, gated = branches(layer, X)
    expected = layer.norm_final(X + layer.merge_proj(0.7 * attended + 0.3 * gated))
    assert torch.allclose(layer(X, None), expected, atol=1e-6)


def test_mean_with_learned_weights_looks_at_valid_frames_only():
    layer = build(merge_method="learned_ave")
    ys = layer(X, make_attention_mask([5, 3]))
    for row, length in enumerate([5, 3]):
        mask = make_attention_mask([length], 5)
        scores = []
        outputs = branches(layer, X[row : row + 1], mask)
        for output, pool, weigh in zip(
            outputs, (layer.pooling_proj1, layer.pooling_proj2), (layer.weight_proj1, layer.weight_proj2)
        ):
            frames = output[0, :length]
            weights = (pool(frames)[:, 0] / 8**0.5).softmax(0)
            scores.append(weigh(weights @ frames)[0])
        shares = torch.stack(scores).softmax(0)
        merged = layer.merge_proj(shares[0] * outputs[0] + shares[1] * outputs[1])
        assert torch.allclose(ys[row], layer.norm_final(X[row] + merged)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"cgmlp": False}, ("cgmlp", "norm_mlp", "merge_proj")),
        ({"attn": False}, ("attn", "norm_mha", "merge_proj")),
        ({"merge_method": "fixed_ave", "cgmlp_weight": 0.0}, ("cgmlp", "norm_mlp")),
        ({"merge_method": "fixed_ave", "cgmlp_weight": 1.0}, ("attn", "norm_mha")),
    ],
)
def test_one_branch_alone(options, absent):
    layer = build(**options)
    keys = {name.split(".")[0] for name in layer.state_dict()}
    every = {"attn", "norm_mha", "cgmlp", "norm_mlp", "norm_final", "merge_proj"}
    assert keys == every - set(absent)
    y = layer.norm_mlp(X) if layer.attn is None else layer.norm_mha(X)
    output = layer.cgmlp(y) if layer.attn is None else layer.attn(y, y, y, None)
    assert torch.allclose(layer(X, None), layer.norm_final(X + layer.merge_proj(output)), atol=1e-6)


def test_fast_attention():
    layer = build(fast=True)
    merged = layer.merge_proj(torch.cat([layer.attn(layer.norm_mha(X), None), layer.cgmlp(layer.norm_mlp(X))], -1))
    assert torch.allclose(layer(X, None), layer.norm_final(X + merged), atol=1e-6)


def test_the_attention_may_be_dropped_in_training():
    layer = build(merge_method="learned_ave", attn_branch_drop_rate=1.0).train()
    _, gated = branches(layer, X)
    assert torch.allclose(layer(X, None), layer.norm_final(X + layer.merge_proj(gated)), atol=1e-6)
    assert not torch.allclose(layer(X, None), layer.eval()(X, None))


def test_stochastic_depth_scales_the_layers_that_stay():
    layer = build(stochastic_depth_rate=0.25).train()
    kept = [output for output in (layer(X, None) for _ in range(30)) if not torch.equal(output, X)]
    assert 0 < len(kept) < 30
    merged = layer.merge_proj(torch.cat(branches(layer, X), -1))
    assert torch.allclose(kept[0], layer.norm_final(X + merged / 0.75), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attn": False, "cgmlp": False}, "needs use_attn or use_cgmlp"),
        ({"merge_method": "mean"}, "unknown merge_method 'mean'; choose from concat"),
        ({"cgmlp_weight": 1.5}, "cgmlp_weight must be between 0 and 1, but it is 1.5"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)

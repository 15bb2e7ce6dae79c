"""A Conformer layer."""

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.conformer_layer import ConformerLayer
from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.feed_forward import PositionwiseFeedForward


def build(macaron=True, conv=True, **options):
    torch.manual_seed(0)
    layer = ConformerLayer(
        8,
        MultiHeadedAttention(2, 8, 0.0),
        PositionwiseFeedForward(8, 16, 0.0),
        PositionwiseFeedForward(8, 16, 0.0) if macaron else None,
        ConvolutionModule(8, 3) if conv else None,
        0.0,
        **options,
    )
    return layer.eval()


def test_equals_its_description():
    layer = build()
    x = torch.randn(2, 5, 8)
    h = x + 0.5 * layer.feed_forward_macaron(layer.norm_ff_macaron(x))
    y = layer.norm_mha(h)
    h = h + layer.self_attn(y, y, y, None)
    h = h + layer.conv_module(layer.norm_conv(h))
    h = h + 0.5 * layer.feed_forward(layer.norm_ff(h))
    assert torch.allclose(layer(x, None), layer.norm_final(h), atol=1e-6)


def test_without_macaron_and_convolution_it_is_a_transformer_layer():
    layer = build(macaron=False, conv=False)
    x = torch.randn(2, 5, 8)
    y = layer.norm_mha(x)
    h = x + layer.self_attn(y, y, y, None)
    assert torch.allclose(layer(x, None), h + layer.feed_forward(layer.norm_ff(h)), atol=1e-6)
    assert not any("norm_final" in name or "macaron" in name for name in layer.state_dict())


@pytest.mark.parametrize("options", [{"normalize_before": False}, {"concat_after": True}])
def test_other_orders_run(options):
    assert build(**options)(torch.randn(2, 5, 8), None).shape == (2, 5, 8)


def test_stochastic_depth_scales_the_layers_that_stay():
    x = torch.randn(1, 5, 8)
    layer = build(conv=False, stochastic_depth_rate=0.25).train()
    outputs = [layer(x, None) for _ in range(30)]
    kept = [output for output in outputs if not torch.equal(output, x)]
    assert 0 < len(kept) < 30
    h = x + 0.5 / 0.75 * layer.feed_forward_macaron(layer.norm_ff_macaron(x))
    y = layer.norm_mha(h)
    h = h + layer.self_attn(y, y, y, None) / 0.75
    assert torch.allclose(kept[0], h + 0.5 / 0.75 * layer.feed_forward(layer.norm_ff(h)), atol=1e-5)


def test_normalisations_may_have_other_names():
    layer, other = build(), build(norm_names=("norm1", "norm2"))
    names = {name.replace("norm1", "norm_mha").replace("norm2", "norm_ff") for name in other.state_dict()}
    assert names == set(layer.state_dict()) and "norm1.weight" in other.state_dict()
    x = torch.randn(2, 5, 8)
    assert torch.equal(layer(x, None), other(x, None))


def test_masked_frames_change_nothing():
    layer = build()
    x, pad_mask = torch.randn(1, 7, 8), torch.arange(7).unsqueeze(0) >= 5
    assert torch.allclose(layer(x, ~pad_mask.unsqueeze(1), pad_mask=pad_mask)[:, :5], layer(x[:, :5], None), atol=1e-6)

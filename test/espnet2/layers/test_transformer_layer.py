"""A Transformer encoder layer."""

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.layers.transformer_layer import TransformerLayer


def build(**options):
    torch.manual_seed(0)
    return TransformerLayer(8, MultiHeadedAttention(2, 8, 0.0), PositionwiseFeedForward(8, 16, 0.0), 0.0, **options)


@pytest.mark.parametrize("concat_after", [False, True])
@pytest.mark.parametrize("normalize_before", [False, True])
def test_equals_its_description(normalize_before, concat_after):
    layer = build(normalize_before=normalize_before, concat_after=concat_after)
    x = torch.randn(2, 5, 8)
    y = layer.norm1(x) if normalize_before else x
    attended = layer.self_attn(y, y, y, None)
    h = x + (layer.concat_linear(torch.cat([y, attended], -1)) if concat_after else attended)
    h = h if normalize_before else layer.norm1(h)
    expected = h + layer.feed_forward(layer.norm2(h) if normalize_before else h)
    expected = expected if normalize_before else layer.norm2(expected)
    assert torch.allclose(layer(x, None), expected, atol=1e-6)


def test_stochastic_depth_leaves_layers_out_in_training_only():
    layer = build(stochastic_depth_rate=0.5)
    x = torch.randn(1, 5, 8)
    plain = build()(x, None)
    torch.manual_seed(0)
    outputs = [layer(x, None) for _ in range(40)]
    skipped = sum(torch.equal(output, x) for output in outputs)
    assert 10 < skipped < 30
    assert torch.equal(layer.eval()(x, None), plain)

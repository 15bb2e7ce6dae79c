"""Additive attention."""

import pytest
import torch

from espnet2.layers.fast_self_attention import FastSelfAttention
from espnet2.layers.initialize import initialize
from espnet2.layers.mask import make_attention_mask
from espnet2.utils.errors import InputError


def build():
    torch.manual_seed(0)
    return FastSelfAttention(2, 8, 0.0)


def test_equals_the_paper_head_by_head():
    """Wu et al., 2021, equations 3 to 7, with Python loops over utterances and heads."""
    attention = build()
    x, lengths = torch.randn(2, 6, 8), [6, 4]
    ys = attention(x, make_attention_mask(lengths))
    for row, (frames, length) in enumerate(zip(x, lengths)):
        queries, keys = attention.query(frames[:length]), attention.key(frames[:length])
        pooled_keys = []
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            alpha = (attention.query_att(queries)[:, head] / 2.0).softmax(0)
            pooled_keys.append(keys[:, part] * (alpha[:, None] * queries[:, part]).sum(0))
        products = torch.cat(pooled_keys, -1)
        outputs = []
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            beta = (attention.key_att(products)[:, head] / 2.0).softmax(0)
            outputs.append((beta[:, None] * products[:, part]).sum(0) * queries[:, part])
        expected = attention.transform(torch.cat(outputs, -1)) + queries
        assert torch.allclose(ys[row, :length], expected, atol=1e-6)


def test_padding_changes_no_result():
    attention = build()
    x = torch.randn(2, 9, 8)
    together = attention(x, make_attention_mask([9, 5]))[1:, :5]
    assert torch.allclose(together, attention(x[1:, :5], None), atol=1e-6)


def test_starts_small_whatever_init_says():
    attention = FastSelfAttention(4, 128, 0.0)
    initialize(attention, "chainer")
    assert attention.transform.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert attention.key_att.bias.abs().max() == 0


def test_heads_must_divide_the_size():
    with pytest.raises(InputError, match="8 is not a multiple of the number of attention heads 3"):
        FastSelfAttention(3, 8, 0.0)

"""Multi-head attention."""

import math

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.mask import causal_mask, make_attention_mask
from espnet2.utils.errors import InputError

B, L, T, D, H = 3, 5, 7, 16, 4


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return MultiHeadedAttention(H, D, 0.0).eval()


def by_hand(attention, query, memory, mask):
    """softmax(Q K^T / sqrt(d_k)) V head by head, Vaswani et al., equation 1."""
    heads = []
    for head in torch.arange(D).split(D // H):
        q, k, v = (
            layer(x)[..., head]
            for layer, x in (
                (attention.linear_q, query),
                (attention.linear_k, memory),
                (attention.linear_v, memory),
            )
        )
        scores = (q @ k.transpose(1, 2) / math.sqrt(D // H)).masked_fill(~mask, -math.inf)
        heads.append(scores.softmax(-1).nan_to_num(0.0) @ v)
    return attention.linear_out(torch.cat(heads, -1))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", ["padding", "any"])
def test_equals_the_formula(attention, kind, keep):
    query, memory = torch.randn(B, L, D), torch.randn(B, T, D)
    mask = make_attention_mask([7, 4, 1]) if kind == "padding" else torch.rand(B, L, T) > 0.4
    attention.keep_attention = keep
    output = attention(query, memory, memory, mask)
    assert output.shape == (B, L, D)
    assert torch.allclose(output, by_hand(attention, query, memory, mask), atol=1e-6)


@pytest.mark.parametrize("keep", [False, True])
def test_a_query_that_may_look_nowhere_gives_the_output_bias_and_finite_gradients(attention, keep):
    attention.keep_attention = keep
    x = torch.randn(B, T, D, requires_grad=True)
    mask = torch.ones(B, T, T, dtype=torch.bool)
    mask[0, 2] = mask[1] = False
    output = attention(x, x, x, mask)
    assert torch.equal(output[0, 2], attention.linear_out.bias)
    assert torch.equal(output[1], attention.linear_out.bias.expand(T, D))
    output.square().sum().backward()
    assert x.grad.isfinite().all()


def test_kept_weights_are_a_distribution_over_what_may_be_seen(attention):
    x = torch.randn(B, T, D)
    attention.keep_attention = True
    attention(x, x, x, causal_mask(T).expand(B, T, T))
    assert attention.attn.shape == (B, H, T, T)
    assert torch.allclose(attention.attn.sum(-1), torch.ones(B, H, T))
    assert attention.attn.triu(1).abs().max() == 0


def test_no_mask_equals_a_mask_of_ones_and_parts_equal_the_whole(attention):
    query, memory = torch.randn(B, L, D), torch.randn(B, T, D)
    output = attention(query, memory, memory, None)
    assert torch.allclose(output, attention(query, memory, memory, torch.ones(B, 1, T, dtype=torch.bool)), atol=1e-6)
    keys, values = attention.project_key_value(memory, memory)
    assert torch.equal(output, attention.attend(attention.project_query(query), keys, values, None))


def test_normalised_queries_and_keys_have_weights_of_their_own():
    attention = MultiHeadedAttention(H, D, 0.0, qk_norm=True)
    assert attention.q_norm.weight.shape == attention.k_norm.bias.shape == (D // H,)
    scaled = attention.project_query(torch.randn(1, 2, D))
    assert torch.allclose(scaled.mean(-1), torch.zeros(1, H, 2), atol=1e-6)


def test_heads_must_divide_the_model_size():
    with pytest.raises(InputError, match="10 is not a multiple of the number of attention heads 4"):
        MultiHeadedAttention(4, 10, 0.0)

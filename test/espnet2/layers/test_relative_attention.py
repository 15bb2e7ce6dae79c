"""Attention with relative positions, both forms."""

import math

import pytest
import torch

from espnet2.layers.mask import make_attention_mask
from espnet2.layers.relative_attention import (
    LegacyRelPositionalEncoding,
    LegacyRelPositionMultiHeadedAttention,
    RelPositionalEncoding,
    RelPositionMultiHeadedAttention,
    legacy_rel_shift,
    rel_shift,
)

B, T, D, H = 2, 6, 12, 3


def sinusoid(position):
    """Vaswani et al., section 3.5."""
    rates = 10000.0 ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
    return torch.stack([(position * rates).sin(), (position * rates).cos()], -1).flatten().float()


def by_hand(attention, x, mask, positional):
    """Dai et al., section 3.3, with ``positional(q, i, j)`` for the score of a position; loops, hence slow and plain."""
    heads = []
    for number, head in enumerate(torch.arange(D).split(D // H)):
        q, k, v = (layer(x)[..., head] for layer in (attention.linear_q, attention.linear_k, attention.linear_v))
        u = attention.pos_bias_u[number]
        scores = (q + u) @ k.transpose(1, 2)
        for i in range(x.size(1)):
            for j in range(x.size(1)):
                scores[:, i, j] += positional(q + attention.pos_bias_v[number], i, j, attention.linear_pos.weight[head])
        scores = (scores / math.sqrt(D // H)).masked_fill(~mask, -math.inf)
        heads.append(scores.softmax(-1) @ v)
    return attention.linear_out(torch.cat(heads, -1))


def test_latest_shift_reads_the_distance_from_the_right_column():
    """Acceptance test 4 of the interface notes: rows [4..8] and [12..16] of arange(5 x 9)."""
    shifted = rel_shift(torch.arange(45).view(1, 1, 5, 9))
    assert shifted[0, 0, :2].tolist() == [[4, 5, 6, 7, 8], [12, 13, 14, 15, 16]]
    assert rel_shift(torch.full((1, 1, 1, 1), 7)).tolist() == [[[[7]]]]


def test_legacy_shift_inserts_a_zero_and_then_the_next_row():
    """Acceptance test 4 of the interface notes: rows [4, 0, 5, 6, 7] and [8, 9, 0, 10, 11] of arange(5 x 5)."""
    zero_first = torch.nn.functional.pad(torch.arange(25).view(1, 1, 5, 5), (1, 0))
    assert legacy_rel_shift(zero_first)[0, 0, :2].tolist() == [[4, 0, 5, 6, 7], [8, 9, 0, 10, 11]]


@pytest.mark.parametrize("zero_triu", [False, True])
@pytest.mark.parametrize("num_queries", [1, 2, T])
def test_the_last_frames_may_look_alone(num_queries, zero_triu):
    """As when the keys of the frames before are kept from earlier calls."""
    attention = RelPositionMultiHeadedAttention(H, D, 0.0, zero_triu).eval()
    encoding = RelPositionalEncoding(D, 0.0, 2)
    x, pos_emb = encoding(torch.randn(B, T, D))
    expected = attention(x, x, x, pos_emb, None)[:, -num_queries:]
    keys, values = attention.project_key_value(x, x)
    distances = encoding.distances(num_queries, T)
    looked = attention.attend_projected(x[:, -num_queries:], keys, values, distances, None)
    assert torch.allclose(looked, expected, atol=1e-6)


@pytest.mark.parametrize("zero_triu", [False, True])
@pytest.mark.parametrize("keep", [False, True])
def test_latest_equals_the_formula(keep, zero_triu):
    torch.manual_seed(0)
    attention = RelPositionMultiHeadedAttention(H, D, 0.0, zero_triu).eval()
    attention.keep_attention = keep
    encoding = RelPositionalEncoding(D, 0.0)
    x, pos_emb = encoding(torch.randn(B, T, D))
    assert pos_emb.shape == (1, 2 * T - 1, D)
    mask = make_attention_mask([6, 4])

    def positional(q, i, j, weight):
        return 0.0 if zero_triu and j > i else q[:, i] @ (weight @ sinusoid(i - j))

    with torch.no_grad():
        expected = by_hand(attention, x, mask, positional)
        assert torch.allclose(attention(x, x, x, pos_emb, mask), expected, atol=1e-5)


def test_legacy_equals_its_description():
    """j <= i: the sinusoid of N - T + i - j; j = i + 1: zero; beyond: query i + 1 at row j - i - 2 of the table."""
    torch.manual_seed(0)
    size = 50
    attention = LegacyRelPositionMultiHeadedAttention(H, D, 0.0).eval()
    x, pos_emb = LegacyRelPositionalEncoding(D, 0.0, size)(torch.randn(B, T, D))
    assert pos_emb.shape == (1, T, D)

    def positional(q, i, j, weight):
        if j == i + 1:
            return 0.0
        row, query = (T - 1 - i + j, i) if j <= i else (j - i - 2, i + 1)
        return q[:, query] @ (weight @ sinusoid(size - 1 - row))

    mask = make_attention_mask([6, 4])
    with torch.no_grad():
        assert torch.allclose(attention(x, x, x, pos_emb, mask), by_hand(attention, x, mask, positional), atol=1e-5)


def test_the_legacy_table_grows_to_the_longest_input():
    encoding = LegacyRelPositionalEncoding(D, 0.0, max_len=4)
    before = encoding(torch.zeros(1, 3, D))[1]
    assert torch.allclose(before[0, 0], sinusoid(3), atol=1e-6)
    encoding(torch.zeros(1, 7, D))
    assert torch.allclose(encoding(torch.zeros(1, 3, D))[1][0, 0], sinusoid(6), atol=1e-6)


def test_the_latest_table_grows_without_any_change():
    x = torch.randn(1, 9, D)
    assert torch.allclose(RelPositionalEncoding(D, 0.0, 3)(x)[1], RelPositionalEncoding(D, 0.0, 100)(x)[1])


def test_padding_changes_no_result():
    torch.manual_seed(0)
    attention = RelPositionMultiHeadedAttention(H, D, 0.0).eval()
    encoding = RelPositionalEncoding(D, 0.0)
    x = torch.randn(2, T, D)
    whole = attention(*[encoding(x)[0]] * 3, encoding(x)[1], make_attention_mask([T, 4]))
    alone = attention(*[encoding(x[1:, :4])[0]] * 3, encoding(x[1:, :4])[1], make_attention_mask([4]))
    assert torch.allclose(whole[1:, :4], alone, atol=1e-6)


def test_tables_of_old_checkpoints_are_dropped():
    encoding = RelPositionalEncoding(D, 0.0)
    assert not encoding.state_dict()
    encoding.load_state_dict({"pe": torch.zeros(1, 10, D)})

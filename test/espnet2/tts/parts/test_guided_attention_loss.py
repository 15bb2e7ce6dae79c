"""Guided attention."""

import math

import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.tts.parts.guided_attention_loss import GuidedAttention, GuidedAttentionLoss


def test_formula():
    """Tachibana et al. 2018, equation 2 and its mean, over what is not padding; times the scale."""
    torch.manual_seed(0)
    weights = torch.rand(2, 3, 6, 4)
    key_lengths, query_lengths = torch.tensor([4, 2]), torch.tensor([6, 5])
    expected, count = 0.0, 0
    for row, (num_keys, num_queries) in enumerate(zip(key_lengths.tolist(), query_lengths.tolist())):
        for query in range(num_queries):
            for key in range(num_keys):
                charge = 1 - math.exp(-((key / num_keys - query / num_queries) ** 2) / (2 * 0.3**2))
                expected += charge * float(weights[row, :, query, key].sum())
                count += 3
    loss = GuidedAttentionLoss(sigma=0.3, scale=2.0)(weights, key_lengths, query_lengths)
    torch.testing.assert_close(loss, torch.tensor(2 * expected / count))


def test_one_head_and_padding():
    criterion, lengths = GuidedAttentionLoss(), (torch.tensor([3, 2]), torch.tensor([5, 4]))
    weights = torch.rand(2, 5, 3)
    expected = criterion(weights, *lengths)
    torch.testing.assert_close(criterion(weights.unsqueeze(1), *lengths), expected)
    weights[1, 4:] = weights[1, :, 2:] = 9.0
    torch.testing.assert_close(criterion(weights, *lengths), expected)


def test_the_diagonal_is_free():
    weights = torch.eye(8)[None]
    assert GuidedAttentionLoss()(weights, torch.tensor([8]), torch.tensor([8])) == 0
    assert GuidedAttentionLoss()(weights.flip(1), torch.tensor([8]), torch.tensor([8])) > 0.01


def test_guided_heads_are_handed_out_with_their_gradient():
    torch.manual_seed(0)
    guided, plain = GuidedAttention(4, 8, 0.0, 2), MultiHeadedAttention(4, 8, 0.0)
    plain.load_state_dict(guided.state_dict())
    x, mask = torch.randn(2, 5, 8), torch.ones(2, 1, 5, dtype=torch.bool)
    mask[1, :, 3:] = False
    plain.keep_attention = True
    torch.testing.assert_close(guided(x, x, x, mask), plain(x, x, x, mask))
    weights = guided.take_guided()
    torch.testing.assert_close(weights, plain.attn[:, :2])
    weights.square().sum().backward()
    assert guided.linear_q.weight.grad[:4].abs().max() > 0 and not guided.linear_q.weight.grad[4:].any()

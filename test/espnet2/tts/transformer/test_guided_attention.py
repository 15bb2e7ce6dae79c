"""Which attentions are guided."""

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.tts.parts.guided_attention_loss import GuidedAttention, GuidedAttentionLoss
from espnet2.tts.transformer.guided_attention import GuidedAttentions
from espnet2.utils.errors import InputError


def make(kinds, layers=2, heads=1, criterion=None):
    return GuidedAttentions(2, 8, layers, heads, kinds, criterion or GuidedAttentionLoss())


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("encoder-decoder", ["encoder", "decoder", "encoder-decoder"]),
        (["encoder-decoder"], ["encoder-decoder"]),
        (["encoder", "decoder"], ["encoder", "decoder"]),
        ("decoder", ["decoder"]),
    ],
)
def test_a_word_contains_others_but_a_list_does_not(kinds, expected):
    assert make(kinds).kinds == expected


def test_the_last_layers():
    guided = make(["decoder"])
    assert [type(guided.make("decoder", number, 3, 0.0)) for number in range(3)] == [
        MultiHeadedAttention,
        GuidedAttention,
        GuidedAttention,
    ]
    assert type(guided.make("encoder", 2, 3, 0.0)) is MultiHeadedAttention
    assert type(GuidedAttentions(2, 8, 2, 1, "decoder", None).make("decoder", 2, 3, 0.0)) is MultiHeadedAttention


def test_loss_is_that_of_all_guided_heads():
    torch.manual_seed(0)
    guided = make(["encoder-decoder"], layers=2)
    layers = [guided.make("encoder-decoder", number, 3, 0.0) for number in range(3)]
    steps, text = torch.randn(1, 6, 8), torch.randn(1, 4, 8)
    weights = []
    for layer in layers:
        layer.keep_attention = True
        layer(steps, text, text, None)
        weights.append(layer.attn[:, :1])
    lengths, num_steps = torch.tensor([4]), torch.tensor([6])
    found = guided.losses({"encoder-decoder": layers}, lengths, num_steps)
    expected = GuidedAttentionLoss()(torch.cat(weights[1:], 1), lengths, num_steps)
    assert list(found) == ["enc_dec_attn_loss"]
    torch.testing.assert_close(found["enc_dec_attn_loss"], expected)


def test_refusal():
    with pytest.raises(InputError, match="must be positive"):
        make("decoder", layers=0)

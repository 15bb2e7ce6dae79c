"""Which attention goes with which positions."""

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.attention_choice import ATTENTIONS, AttentionChoice, resolve_relative_positions
from espnet2.layers.fast_self_attention import FastSelfAttention
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.layers.relative_attention import LegacyRelPositionalEncoding, LegacyRelPositionMultiHeadedAttention
from espnet2.utils.errors import InputError


def build(rel_pos_type, pos_enc, attention, **options):
    return AttentionChoice(8, 2, 0.0, 0.0, rel_pos_type, pos_enc, attention, attentions=tuple(ATTENTIONS), **options)


def test_legacy_changes_both_names():
    assert resolve_relative_positions("legacy", "rel_pos", "rel_selfattn") == ("legacy_rel_pos", "legacy_rel_selfattn")
    assert resolve_relative_positions("latest", "rel_pos", "rel_selfattn") == ("rel_pos", "rel_selfattn")
    choice = build("legacy", "rel_pos", "rel_selfattn", max_pos_emb_len=7)
    assert isinstance(choice.make_attention(), LegacyRelPositionMultiHeadedAttention)
    positions = choice.make_positions()
    assert isinstance(positions, LegacyRelPositionalEncoding) and positions.pe.shape == (7, 8)


@pytest.mark.parametrize(("name", "kind"), [("selfattn", MultiHeadedAttention), ("fast_selfattn", FastSelfAttention)])
@pytest.mark.parametrize("rel_pos_type", ["latest", "legacy"])
def test_absolute_positions(name, kind, rel_pos_type):
    choice = build(rel_pos_type, "abs_pos", name)
    assert type(choice.make_attention()) is kind and type(choice.make_positions()) is PositionalEncoding
    choice.require_none()


def test_options_reach_the_attention_that_has_them():
    assert build("latest", "rel_pos", "rel_selfattn", zero_triu=True).make_attention().zero_triu
    assert isinstance(build("latest", "abs_pos", "selfattn", qk_norm=True).make_attention().q_norm, LayerNorm)
    assert isinstance(build("latest", "abs_pos", "selfattn").make_attention().q_norm, torch.nn.Identity)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("newest", "rel_pos", "rel_selfattn"), "unknown rel_pos_type 'newest'"),
        (("latest", "legacy_rel_pos", "legacy_rel_selfattn"), "need rel_pos_type: legacy"),
        (("latest", "rel_pos", "fast_selfattn"), "needs selfattention_layer_type rel_selfattn, not fast_selfattn"),
        (("latest", "abs_pos", "rel_selfattn"), "abs_pos needs selfattention_layer_type selfattn"),
        (("latest", "relative", "rel_selfattn"), "unknown pos_enc_layer_type 'relative'; choose from abs_pos"),
        (("latest", "abs_pos", "slow"), "unknown selfattention_layer_type 'slow'"),
    ],
)
def test_refusals(names, message):
    with pytest.raises(InputError, match=message):
        build(*names)


def test_relative_attention_cannot_do_without_positions():
    with pytest.raises(InputError, match="input_layer null gives no positions"):
        build("latest", "rel_pos", "rel_selfattn").require_none()

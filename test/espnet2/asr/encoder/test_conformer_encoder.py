"""Conformer encoder."""

import pytest
import torch

from espnet2.asr.encoder.conformer_encoder import INPUT_LAYERS, ConformerEncoder
from espnet2.layers.relative_attention import LegacyRelPositionMultiHeadedAttention
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

SMALL = {"output_size": 16, "attention_heads": 2, "linear_units": 24, "num_blocks": 2, "cnn_module_kernel": 5}
ABSOLUTE = {"selfattention_layer_type": "selfattn"}


@needs_shared
@pytest.mark.parametrize(
    ("section", "options"),
    [
        ("conformer", {"macaron_style": True, "rel_pos_type": "latest"}),
        ("conformer", {"macaron_style": True}),
        ("conformer conv2d8 scaled", {"input_layer": "conv2d8", "pos_enc_layer_type": "scaled_abs_pos", **ABSOLUTE}),
        ("conformer linear scaled", {"input_layer": "linear", "pos_enc_layer_type": "scaled_abs_pos", **ABSOLUTE}),
    ],
)
def test_keys_of_checkpoints(section, options):
    encoder = ConformerEncoder(
        80, output_size=8, attention_heads=2, linear_units=16, num_blocks=1, cnn_module_kernel=3, **options
    )
    assert own_keys(encoder) == listed_keys(section, "encoder.")


@pytest.mark.parametrize("input_layer", [*INPUT_LAYERS, None])
@pytest.mark.parametrize("rel_pos_type", ["latest", "legacy"])
def test_every_input_layer_runs_forward_and_back(input_layer, rel_pos_type):
    size = 16 if input_layer in (None, "embed") else 20
    encoder = ConformerEncoder(size, input_layer=input_layer, rel_pos_type=rel_pos_type, **SMALL)
    xs = torch.randint(0, size, (2, 40)) if input_layer == "embed" else torch.randn(2, 40, size)
    ys, olens, _ = encoder(xs, torch.tensor([40, 33]))
    assert ys.shape == (2, int(olens.max()), 16)
    ys.sum().backward()
    assert encoder.encoders[0].norm_mha.weight.grad.isfinite().all()


@pytest.mark.parametrize("pos_enc", ["abs_pos", "scaled_abs_pos", "conv"])
def test_absolute_positions(pos_enc):
    encoder = ConformerEncoder(20, pos_enc_layer_type=pos_enc, **ABSOLUTE, **SMALL)
    assert encoder(torch.randn(1, 40, 20), torch.tensor([40]))[0].shape == (1, 9, 16)


@pytest.mark.parametrize("rel_pos_type", ["latest", "legacy"])
def test_padding_changes_no_result_without_convolutions(rel_pos_type):
    """The convolution modules look beyond the end, and legacy positions depend on the padded length: both as trained."""
    encoder = ConformerEncoder(
        20, input_layer="linear", rel_pos_type=rel_pos_type, use_cnn_module=False, **SMALL
    ).eval()
    xs = torch.randn(2, 40, 20)
    together = encoder(xs, torch.tensor([40, 25]))[0][1:, :25]
    alone = encoder(xs[1:, :25], torch.tensor([25]))[0]
    assert torch.allclose(together, alone, atol=1e-5) == (rel_pos_type == "latest")


def test_a_row_of_an_even_batch_equals_the_batch_of_one():
    encoder = ConformerEncoder(20, rel_pos_type="latest", macaron_style=True, **SMALL).eval()
    xs = torch.randn(3, 40, 20)
    together, _, _ = encoder(xs, torch.tensor([40, 40, 40]))
    assert torch.allclose(together[1:2], encoder(xs[1:2], torch.tensor([40]))[0], atol=1e-5)


def test_kept_attention_changes_nothing():
    encoder = ConformerEncoder(20, rel_pos_type="latest", **SMALL).eval()
    batch = torch.randn(2, 40, 20), torch.tensor([40, 30])
    expected = encoder(*batch)[0]
    for layer in encoder.encoders:
        layer.self_attn.keep_attention = True
    assert torch.allclose(encoder(*batch)[0], expected, atol=1e-5)
    assert encoder.encoders[1].self_attn.attn.shape == (2, 2, 9, 9)


def test_legacy_is_the_default():
    assert isinstance(ConformerEncoder(20, **SMALL).encoders[0].self_attn, LegacyRelPositionMultiHeadedAttention)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rel_pos_type": "newest"}, "unknown rel_pos_type 'newest'"),
        ({"rel_pos_type": "latest", "pos_enc_layer_type": "legacy_rel_pos"}, "need rel_pos_type: legacy"),
        ({"selfattention_layer_type": "selfattn"}, "needs selfattention_layer_type legacy_rel_selfattn"),
        ({"pos_enc_layer_type": "abs_pos"}, "needs selfattention_layer_type selfattn"),
        ({"selfattention_layer_type": "fast"}, "unknown selfattention_layer_type 'fast'"),
        ({"activation_type": "gelu"}, "gelu is not known"),
        ({"stochastic_depth_rate": [0.1]}, "1 values for 2 blocks"),
        ({"cnn_module_kernel": 4}, "must be odd"),
        ({"interctc_layer_idx": [2]}, "between 1 and 1"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        ConformerEncoder(20, **{**SMALL, **options})

"""Branchformer encoder."""

import pytest
import torch

from espnet2.asr.encoder.branchformer_encoder import INPUT_LAYERS, BranchformerEncoder
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

SMALL = {
    "output_size": 16,
    "attention_heads": 2,
    "cgmlp_linear_units": 24,
    "cgmlp_conv_kernel": 5,
    "num_blocks": 2,
    "dropout_rate": 0.0,
    "positional_dropout_rate": 0.0,
}
FAST = {"attention_layer_type": "fast_selfattn", "pos_enc_layer_type": "abs_pos"}


@needs_shared
def test_keys_of_checkpoints():
    encoder = BranchformerEncoder(
        80,
        output_size=8,
        attention_heads=2,
        cgmlp_linear_units=16,
        cgmlp_conv_kernel=3,
        num_blocks=1,
        merge_method="learned_ave",
        use_linear_after_conv=True,
    )
    assert own_keys(encoder) == listed_keys("branch learned", "encoder.")


def test_keys_of_fast_attention():
    keys = own_keys(BranchformerEncoder(20, **FAST, **SMALL).encoders[0].attn)
    maps = {"query": 16, "key": 16, "transform": 16, "query_att": 2, "key_att": 2}
    weights = {f"{name}.weight": (size, 16) for name, size in maps.items()}
    assert keys == {**weights, **{f"{name}.bias": (size,) for name, size in maps.items()}}


@pytest.mark.parametrize("input_layer", INPUT_LAYERS)
@pytest.mark.parametrize("options", [{}, {"rel_pos_type": "legacy"}, FAST])
def test_every_input_layer_runs_forward_and_back(input_layer, options):
    size = 16 if input_layer == "embed" else 20
    encoder = BranchformerEncoder(size, input_layer=input_layer, **options, **SMALL)
    xs = torch.randint(0, size, (2, 40)) if input_layer == "embed" else torch.randn(2, 40, size)
    ys, olens, _ = encoder(xs, torch.tensor([40, 33]))
    assert ys.shape == (2, int(olens.max()), 16)
    ys.sum().backward()
    assert encoder.encoders[0].norm_mha.weight.grad.isfinite().all()


@pytest.mark.parametrize("size", [16, 20])
def test_without_an_input_layer_features_go_in_without_positions(size):
    options = {"pos_enc_layer_type": "abs_pos", "attention_layer_type": "selfattn", **SMALL}
    encoder = BranchformerEncoder(size, input_layer=None, **options)
    assert own_keys(encoder.embed) == ({} if size == 16 else {"weight": (16, 20), "bias": (16,)})
    assert encoder(torch.randn(1, 7, size), torch.tensor([7]))[0].shape == (1, 7, 16)
    with pytest.raises(InputError, match="gives no positions, but attention_layer_type rel_selfattn"):
        BranchformerEncoder(size, input_layer=None, **SMALL)
    assert BranchformerEncoder(size, input_layer=None, use_attn=False, **SMALL).encoders[0].attn is None


@pytest.mark.parametrize("merge_method", ["concat", "learned_ave", "fixed_ave"])
@pytest.mark.parametrize("options", [{}, FAST])
def test_padding_changes_no_result_where_no_convolution_looks_beyond_the_end(merge_method, options):
    """With a kernel of one; wider ones see the padding, as trained."""
    sizes = {**SMALL, "cgmlp_conv_kernel": 1}
    encoder = BranchformerEncoder(20, input_layer="linear", merge_method=merge_method, **options, **sizes).eval()
    xs = torch.randn(2, 40, 20)
    together, olens, _ = encoder(xs, torch.tensor([40, 25]))
    alone, _, _ = encoder(xs[1:, :25], torch.tensor([25]))
    assert olens.tolist() == [40, 25]
    assert torch.allclose(together[1:, :25], alone, atol=1e-5)


def test_convolutions_see_the_padding():
    encoder = BranchformerEncoder(20, input_layer="linear", **SMALL).eval()
    xs = torch.randn(2, 40, 20)
    difference = encoder(xs, torch.tensor([40, 25]))[0][1:, :25] - encoder(xs[1:, :25], torch.tensor([25]))[0]
    assert difference[:, -2:].abs().max() > 1e-4


def test_a_row_of_an_even_batch_equals_the_batch_of_one():
    encoder = BranchformerEncoder(20, merge_method="learned_ave", **SMALL).eval()
    xs = torch.randn(3, 40, 20)
    together, _, _ = encoder(xs, torch.tensor([40, 40, 40]))
    assert torch.allclose(together[1:2], encoder(xs[1:2], torch.tensor([40]))[0], atol=1e-5)


def test_lists_are_for_the_layers():
    encoder = BranchformerEncoder(
        20,
        merge_method="fixed_ave",
        cgmlp_weight=[0.0, 0.3],
        attn_branch_drop_rate=[0.1, 0.2],
        stochastic_depth_rate=[0.3, 0.4],
        **SMALL,
    )
    first, second = encoder.encoders
    assert first.cgmlp is None and second.cgmlp_weight == 0.3
    assert (second.attn_branch_drop_rate, second.stochastic_depth_rate) == (0.2, 0.4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"use_attn": False, "use_cgmlp": False}, "needs use_attn or use_cgmlp"),
        ({"merge_method": "mean"}, "unknown merge_method 'mean'"),
        ({"attention_layer_type": "fast"}, "unknown attention_layer_type 'fast'; choose from selfattn"),
        ({"attention_layer_type": "selfattn"}, "rel_pos needs attention_layer_type rel_selfattn, not selfattn"),
        ({"cgmlp_weight": [0.5]}, "cgmlp_weight has 1 values for 2 blocks"),
        ({"cgmlp_conv_kernel": 4}, "cgmlp_conv_kernel must be odd"),
        ({"input_layer": "conv1d2"}, "unknown input_layer 'conv1d2'"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        BranchformerEncoder(20, **{**SMALL, **options})

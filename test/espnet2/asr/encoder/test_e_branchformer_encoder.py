"""E-Branchformer encoder."""

import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.asr.encoder.e_branchformer_encoder import INPUT_LAYERS, EBranchformerEncoder
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

SMALL = {
    "output_size": 16,
    "attention_heads": 2,
    "cgmlp_linear_units": 24,
    "cgmlp_conv_kernel": 5,
    "linear_units": 24,
    "num_blocks": 2,
    "use_ffn": True,
    "macaron_ffn": True,
    "dropout_rate": 0.0,
    "positional_dropout_rate": 0.0,
}
ABSOLUTE = {"attention_layer_type": "selfattn", "pos_enc_layer_type": "abs_pos"}


@needs_shared
def test_keys_of_checkpoints():
    sizes = {"output_size": 8, "attention_heads": 2, "linear_units": 16, "cgmlp_linear_units": 16, "num_blocks": 1}
    encoder = EBranchformerEncoder(80, cgmlp_conv_kernel=3, use_ffn=True, macaron_ffn=True, **sizes)
    assert own_keys(encoder) == listed_keys("ebranch", "encoder.")


@pytest.mark.parametrize("input_layer", [*INPUT_LAYERS, None])
@pytest.mark.parametrize("rel_pos_type", ["latest", "legacy"])
def test_every_input_layer_runs_forward_and_back(input_layer, rel_pos_type):
    size = 16 if input_layer in (None, "embed") else 20
    encoder = EBranchformerEncoder(size, input_layer=input_layer, rel_pos_type=rel_pos_type, **SMALL)
    xs = torch.randint(0, size, (2, 40)) if input_layer == "embed" else torch.randn(2, 40, size)
    ys, olens, _ = encoder(xs, torch.tensor([40, 33]))
    assert ys.shape == (2, int(olens.max()), 16)
    ys.sum().backward()
    assert encoder.encoders[0].norm_mha.weight.grad.isfinite().all()


def test_without_an_input_layer_other_sizes_are_mapped_and_get_no_positions():
    encoder = EBranchformerEncoder(20, input_layer=None, **ABSOLUTE, **SMALL)
    assert own_keys(encoder.embed) == {"weight": (16, 20), "bias": (16,)}
    assert encoder(torch.randn(1, 7, 20), torch.tensor([7]))[0].shape == (1, 7, 16)
    with pytest.raises(InputError, match="gives no positions, but attention_layer_type rel_selfattn"):
        EBranchformerEncoder(20, input_layer=None, **SMALL)


@pytest.mark.parametrize("attention", ["rel_selfattn", "selfattn", "fast_selfattn"])
def test_padding_changes_no_result_where_no_convolution_looks_beyond_the_end(attention):
    """With kernels of one; wider ones see the padding, as trained."""
    sizes = {**SMALL, "cgmlp_conv_kernel": 1, "merge_conv_kernel": 1, "attention_layer_type": attention}
    pos_enc = "rel_pos" if attention == "rel_selfattn" else "abs_pos"
    encoder = EBranchformerEncoder(20, input_layer="linear", pos_enc_layer_type=pos_enc, **sizes).eval()
    xs = torch.randn(2, 40, 20)
    together, _, _ = encoder(xs, torch.tensor([40, 25]))
    alone, _, _ = encoder(xs[1:, :25], torch.tensor([25]))
    assert torch.allclose(together[1:, :25], alone, atol=1e-5)


def test_a_row_of_an_even_batch_equals_the_batch_of_one():
    encoder = EBranchformerEncoder(20, **SMALL).eval()
    xs = torch.randn(3, 40, 20)
    together, _, _ = encoder(xs, torch.tensor([40, 40, 40]))
    assert torch.allclose(together[1:2], encoder(xs[1:2], torch.tensor([40]))[0], atol=1e-5)


def test_intermediate_outputs_are_not_normalised_and_condition_what_follows():
    encoder = EBranchformerEncoder(
        20, interctc_layer_idx=[1], interctc_use_conditioning=True, input_layer="linear", **SMALL
    ).eval()
    with torch.no_grad():
        encoder.after_norm.weight.fill_(3.0)
    encoder.conditioning_layer, ctc = torch.nn.Linear(7, 16), CTC(7, 16)
    batch = torch.randn(2, 30, 20), torch.tensor([30, 20])
    (ys, intermediate), _, _ = encoder(*batch, ctc=ctc)
    assert [number for number, _ in intermediate] == [1]
    first = intermediate[0][1]
    captured = []
    encoder.encoders[1].register_forward_pre_hook(lambda module, args: captured.append(args[0]))
    encoder(*batch, ctc=ctc)
    assert torch.allclose(captured[0], first + encoder.conditioning_layer(ctc.softmax(first)), atol=1e-6)
    assert torch.allclose(first, encoder.encoders[0].norm_final(first), atol=1e-4)  # the layer's own, weights 1 and 0
    assert not torch.allclose(first, encoder.after_norm(first), atol=1e-2)


def test_dropped_layers_change_nothing_in_evaluation():
    encoder = EBranchformerEncoder(20, layer_drop_rate=1.0, input_layer="linear", **SMALL)
    batch = torch.randn(1, 9, 20), torch.tensor([9])
    embedded, _ = encoder.embed(batch[0])
    assert torch.allclose(encoder.train()(*batch)[0], encoder.after_norm(embedded), atol=1e-6)
    assert not torch.allclose(encoder.eval()(*batch)[0], encoder.after_norm(embedded), atol=1e-2)


def test_checkpointed_layers_have_the_same_gradients():
    batch = torch.randn(2, 40, 20), torch.tensor([40, 30])
    grads = []
    for layers in ([], [0, 1]):
        torch.manual_seed(0)
        sizes = {**SMALL, "dropout_rate": 0.3}
        encoder = EBranchformerEncoder(20, gradient_checkpoint_layers=layers, **sizes)
        calls = []
        encoder.encoders[1].register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))
        encoder(*batch)[0].square().sum().backward()
        assert len(calls) == (2 if layers else 1)
        grads.append([parameter.grad for parameter in encoder.parameters()])
    assert all(torch.allclose(kept, again, atol=1e-5) for kept, again in zip(*grads))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"positionwise_layer_type": "conv1d"}, "positionwise_layer_type conv1d does not go with use_ffn True"),
        ({"positionwise_layer_type": None}, "positionwise_layer_type None does not go with use_ffn True"),
        ({"gradient_checkpoint_layers": [2]}, "must lie between 0 and 1"),
        ({"interctc_layer_idx": [2]}, "between 1 and 1"),
        ({"merge_conv_kernel": 4}, "merge_conv_kernel must be odd"),
        ({"ffn_activation_type": "sine"}, "sine is not known"),
        ({"input_layer": "wav2vec"}, "unknown input_layer 'wav2vec'"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        EBranchformerEncoder(20, **{**SMALL, **options})


def test_no_networks_by_default():
    sizes = {**SMALL, "use_ffn": False, "positionwise_layer_type": None}
    assert not any("feed_forward" in name for name in EBranchformerEncoder(20, **sizes).state_dict())

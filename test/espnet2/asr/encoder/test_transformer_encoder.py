"""Transformer encoder."""

import pytest
import torch

from espnet2.asr.encoder.transformer_encoder import INPUT_LAYERS, TransformerEncoder
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

SMALL = {"output_size": 16, "attention_heads": 2, "linear_units": 24, "num_blocks": 2}


@needs_shared
@pytest.mark.parametrize(
    ("section", "options"),
    [
        ("transformer conv2d6 qknorm", {"output_size": 8, "input_layer": "conv2d6", "qk_norm": True}),
        ("transformer conv pos", {"output_size": 16, "input_layer": "linear", "pos_enc_layer_type": "conv"}),
    ],
)
def test_keys_of_checkpoints(section, options):
    encoder = TransformerEncoder(80, attention_heads=2, linear_units=16, num_blocks=1, **options)
    assert own_keys(encoder) == listed_keys(section, "encoder.")


@pytest.mark.parametrize("input_layer", INPUT_LAYERS)
def test_every_input_layer_runs_forward_and_back(input_layer):
    size = 16 if input_layer in ("wav2vec", "embed") else 20
    encoder = TransformerEncoder(size, input_layer=input_layer, **SMALL)
    xs = torch.randint(0, size, (2, 40)) if input_layer == "embed" else torch.randn(2, 40, size)
    ys, olens, _ = encoder(xs, torch.tensor([40, 33]))
    assert ys.shape == (2, int(olens.max()), 16)
    ys.sum().backward()
    assert encoder.encoders[0].norm1.weight.grad.isfinite().all()


def test_without_an_input_layer_features_go_in_as_they_are():
    assert own_keys(TransformerEncoder(16, input_layer=None, **SMALL).embed) == {}
    assert own_keys(TransformerEncoder(20, input_layer=None, **SMALL).embed) == {"weight": (16, 20), "bias": (16,)}
    x = torch.randn(1, 7, 16)
    encoder = TransformerEncoder(16, input_layer=None, **{**SMALL, "num_blocks": 0}).eval()
    assert torch.allclose(encoder(x, torch.tensor([7]))[0], encoder.after_norm(x))


@pytest.mark.parametrize("normalize_before", [True, False])
def test_padding_changes_no_result(normalize_before):
    """With the input layer linear; convolutions keep frames of a shorter utterance that see its padding."""
    encoder = TransformerEncoder(20, input_layer="linear", normalize_before=normalize_before, **SMALL).eval()
    xs = torch.randn(2, 40, 20)
    together, olens, _ = encoder(xs, torch.tensor([40, 25]))
    alone, _, _ = encoder(xs[1:, :25], torch.tensor([25]))
    assert olens.tolist() == [40, 25]
    assert torch.allclose(together[1:, :25], alone, atol=1e-5)


def test_a_row_of_an_even_batch_equals_the_batch_of_one():
    encoder = TransformerEncoder(20, **SMALL).eval()
    xs = torch.randn(3, 40, 20)
    together, _, _ = encoder(xs, torch.tensor([40, 40, 40]))
    assert torch.allclose(together[1:2], encoder(xs[1:2], torch.tensor([40]))[0], atol=1e-5)


def test_refusals():
    with pytest.raises(TooShortUttError, match="at least 7 frames, but the utterance has 6"):
        TransformerEncoder(20, **SMALL)(torch.randn(1, 6, 20), torch.tensor([6]))
    with pytest.raises(InputError, match="unknown input_layer 'conv2'"):
        TransformerEncoder(20, input_layer="conv2", **SMALL)
    with pytest.raises(InputError, match="unknown pos_enc_layer_type 'rel_pos'"):
        TransformerEncoder(20, pos_enc_layer_type="rel_pos", **SMALL)

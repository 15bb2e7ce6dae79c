"""The encoder without layers."""

import pytest
import torch

from espnet2.asr.encoder.linear_encoder import INPUT_LAYERS, LinearEncoder
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import own_keys


@pytest.mark.parametrize("input_layer", INPUT_LAYERS)
def test_every_input_layer_runs_forward_and_back(input_layer):
    encoder = LinearEncoder(20, 16, input_layer=input_layer)
    xs = torch.randint(0, 20, (2, 40)) if input_layer == "embed" else torch.randn(2, 40, 20)
    ys, olens, states = encoder(xs, torch.tensor([40, 33]))
    assert ys.shape == (2, int(olens.max()), 16) and states is None and encoder.output_size() == 16
    ys.sum().backward()
    assert encoder.after_norm.weight.grad.isfinite().all()


def test_parts_and_their_names():
    assert set(own_keys(LinearEncoder(20, 16, input_layer="linear"))) == {
        *("embed.0.weight", "embed.0.bias", "embed.1.weight", "embed.1.bias", "after_norm.weight", "after_norm.bias")
    }
    assert own_keys(LinearEncoder(16, 16, input_layer=None, normalize_before=False)) == {}
    x = torch.randn(1, 7, 16)
    encoder = LinearEncoder(20, 16, input_layer=None, normalize_before=False)
    xs = torch.randn(1, 7, 20)
    torch.testing.assert_close(encoder(xs, torch.tensor([7]))[0], encoder.embed(xs))
    normed = LinearEncoder(16, 16, input_layer=None)(x, torch.tensor([7]))[0]
    torch.testing.assert_close(normed, torch.nn.functional.layer_norm(x, (16,), eps=1e-12))


def test_padding_changes_no_result():
    encoder = LinearEncoder(20, 16, input_layer="linear").eval()
    xs = torch.randn(2, 30, 20)
    together, olens, _ = encoder(xs, torch.tensor([30, 21]))
    alone, _, _ = encoder(xs[1:, :21], torch.tensor([21]))
    assert olens.tolist() == [30, 21]
    torch.testing.assert_close(together[1:, :21], alone)


def test_unknown_input_layer_is_refused():
    with pytest.raises(InputError, match="unknown input_layer 'conv3d'"):
        LinearEncoder(20, input_layer="conv3d")

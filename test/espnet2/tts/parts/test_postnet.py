"""The postnet."""

import pytest
import torch

from espnet2.tts.parts.postnet import Postnet


@pytest.mark.parametrize("num_layers", [1, 3])
@torch.no_grad()
def test_formula(num_layers):
    torch.manual_seed(0)
    postnet = Postnet(4, num_layers, 6, 3).eval()
    frames = torch.randn(2, 7, 4)
    x = frames.transpose(1, 2)
    for number, layer in enumerate(postnet.postnet):
        x = torch.nn.functional.conv1d(x, layer[0].weight, padding=1) / (1 + 1e-5) ** 0.5
        x = x if number == num_layers - 1 else torch.tanh(x)
    torch.testing.assert_close(postnet(frames), frames + x.transpose(1, 2), atol=1e-6, rtol=1e-5)


def test_shapes_and_keys():
    assert {name: tuple(p.shape) for name, p in Postnet(4, 2, 6, 5, use_batch_norm=False).named_parameters()} == {
        "postnet.0.0.weight": (6, 4, 5),
        "postnet.1.0.weight": (4, 6, 5),
    }


def test_without_layers():
    frames = torch.randn(2, 7, 4)
    assert Postnet(4, 0, 6, 3)(frames) is frames


def test_dropout_in_training():
    postnet = Postnet(4, 1, 6, 3, dropout_rate=0.999)
    frames = torch.randn(1, 9, 4)
    assert (postnet(frames) == frames).float().mean() > 0.9

"""Prenets of the decoder and of the text."""

import pytest
import torch

from espnet2.tts.parts.prenet import Prenet, TextPrenet
from espnet2.utils.errors import InputError


def text_prenet(num_layers=2, channels=6, use_batch_norm=True, use_residual=False, dropout_rate=0.5):
    torch.manual_seed(0)
    return TextPrenet(9, 6, num_layers, channels, 5, use_batch_norm, use_residual, dropout_rate)


def test_prenet_formula():
    prenet = Prenet(4, 2, 3, 0.0)
    x = torch.randn(2, 5, 4)
    first, second = (layer[0] for layer in prenet.prenet)
    expected = second(first(x).clamp(min=0)).clamp(min=0)
    torch.testing.assert_close(prenet(x), expected)
    assert prenet.output_size == 3


def test_prenet_dropout_is_active_in_evaluation():
    prenet = Prenet(4, 1, 1000, 0.5).eval()
    torch.nn.init.ones_(prenet.prenet[0][0].bias)
    out = prenet(torch.zeros(1, 4))
    assert 0.4 < float((out == 0).float().mean()) < 0.6
    assert set(out.unique().tolist()) == {0.0, 2.0}


@torch.no_grad()
def test_text_prenet_formula():
    prenet = text_prenet(num_layers=1, use_residual=True).eval()
    text = torch.tensor([[3, 1, 8, 2]])
    padded = torch.nn.functional.pad(prenet.embed(text)[0], (0, 0, 2, 2))  # (8, E)
    kernel = prenet.convs[0][0].weight  # (C, E, 5)
    convolved = torch.stack([torch.einsum("cek,ke->c", kernel, padded[t : t + 5]) for t in range(4)])
    expected = prenet.embed(text)[0] + (convolved / (1 + 1e-5) ** 0.5).clamp(min=0)
    torch.testing.assert_close(prenet(text)[0], expected, atol=1e-6, rtol=1e-5)


def test_text_prenet_shapes():
    text = torch.tensor([[3, 1, 0]])
    assert text_prenet(channels=4)(text).shape == (1, 3, 4)
    assert text_prenet(num_layers=0).output_size == 6 and text_prenet(num_layers=0)(text).shape == (1, 3, 6)
    assert not text_prenet().embed(torch.tensor(0)).any()
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in text_prenet(use_batch_norm=False).modules())


def test_refusal():
    with pytest.raises(InputError, match="use_residual"):
        text_prenet(channels=4, use_residual=True)

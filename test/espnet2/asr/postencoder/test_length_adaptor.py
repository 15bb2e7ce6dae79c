"""Fewer encoded frames."""

import pytest
import torch

from espnet2.asr.postencoder.length_adaptor import LengthAdaptorPostEncoder
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError


def test_each_layer_halves():
    postencoder = LengthAdaptorPostEncoder(4, length_adaptor_n_layers=2)
    assert {key: tuple(value.shape) for key, value in postencoder.state_dict().items()} == {
        "length_adaptor.0.weight": (4, 4, 2),
        "length_adaptor.0.bias": (4,),
        "length_adaptor.2.weight": (4, 4, 2),
        "length_adaptor.2.bias": (4,),
    }
    xs = torch.randn(2, 11, 4)
    ys, lengths = postencoder(xs, torch.tensor([11, 7]))
    assert ys.shape == (2, 2, 4) and lengths.tolist() == [2, 1] and postencoder.output_size() == 4
    weight, bias = postencoder.length_adaptor[0].weight, postencoder.length_adaptor[0].bias
    pairs = xs[:, :10].unflatten(1, (5, 2))  # (B, 5, 2, 4)
    first = torch.einsum("btki,oik->bto", pairs, weight).add(bias).relu()
    assert torch.allclose(postencoder.length_adaptor[:2](xs.transpose(1, 2)).transpose(1, 2), first, atol=1e-6)
    alone, _ = postencoder(xs[1:, :7], torch.tensor([7]))
    assert torch.allclose(ys[1, :1], alone[0], atol=1e-6)


def test_no_layer_is_the_identity():
    postencoder = LengthAdaptorPostEncoder(4, output_size=8)
    xs, lengths = torch.randn(1, 3, 4), torch.tensor([3])
    ys, olens = postencoder(xs, lengths)
    assert torch.equal(ys, xs) and olens.tolist() == [3] and not postencoder.state_dict()


def test_refusals():
    with pytest.raises(InputError, match="input_layer linear of length_adaptor is not supported"):
        LengthAdaptorPostEncoder(4, 1, input_layer="linear")
    with pytest.raises(TooShortUttError, match="at least 4 frames"):
        LengthAdaptorPostEncoder(4, 2)(torch.zeros(1, 3, 4), torch.tensor([3]))

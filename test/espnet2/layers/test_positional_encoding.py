"""Absolute positional encodings."""

import math

import pytest
import torch

from espnet2.layers.positional_encoding import (
    ConvolutionalPositionalEmbedding,
    PositionalEncoding,
    ScaledPositionalEncoding,
)


def test_sine_and_cosine_follow_the_paper():
    """Vaswani et al., section 3.5: sin(t / 10000^(2m/D)) on even channels, cos on odd ones; the input times sqrt(D)."""
    x = torch.randn(2, 5, 6)
    y = PositionalEncoding(6, 0.0)(x)
    for t in (0, 3):
        for m in range(3):
            angle = t / 10000 ** (2 * m / 6)
            assert y[1, t, 2 * m].item() == pytest.approx(x[1, t, 2 * m].item() * math.sqrt(6) + math.sin(angle), abs=1e-5)
            assert y[1, t, 2 * m + 1].item() == pytest.approx(
                x[1, t, 2 * m + 1].item() * math.sqrt(6) + math.cos(angle), abs=1e-5
            )


def test_an_offset_continues_where_the_last_call_ended():
    encoding = PositionalEncoding(8, 0.0, max_len=4)
    x = torch.randn(1, 10, 8)
    parts = [encoding(x[:, :3]), encoding(x[:, 3:7], offset=3), encoding(x[:, 7:], offset=7)]
    assert len(encoding.pe) == 4, "an endless stream must not make the table grow"
    assert torch.equal(torch.cat(parts, 1), encoding(x))


def test_positions_may_be_told_one_by_one():
    encoding = PositionalEncoding(8, 0.0, max_len=10)
    x = torch.randn(12, 8)
    order = torch.tensor([3, 4, 0, 1, 2, 9, 8, 7, 6, 5, 3, 3])
    expected = x * math.sqrt(8) + encoding.pe[order]
    assert torch.allclose(encoding.at(x, order), expected)
    far = encoding.at(x, order + 100_000)
    assert len(encoding.pe) == 10 and torch.allclose(far[0], encoding(x[:1].unsqueeze(0), 100_003)[0, 0], atol=1e-6)


def test_the_scaled_form_learns_its_scale():
    encoding = ScaledPositionalEncoding(8, 0.0)
    assert list(encoding.state_dict()) == ["alpha"] and encoding.alpha.shape == ()
    x = torch.randn(1, 4, 8)
    with torch.no_grad():
        encoding.alpha.fill_(0.0)
        assert torch.equal(encoding(x), x)


def test_the_convolutional_form_keeps_the_length_and_has_the_keys_of_checkpoints():
    embedding = ConvolutionalPositionalEmbedding(16, 0.0)
    assert embedding(torch.randn(2, 9, 16)).shape == (2, 9, 16)
    shapes = {name: tuple(value.shape) for name, value in embedding.state_dict().items()}
    assert shapes == {
        "convs.0.bias": (16,),
        "convs.0.parametrizations.weight.original0": (1, 1, 128),
        "convs.0.parametrizations.weight.original1": (16, 1, 128),
    }


def test_tables_are_not_stored_and_old_ones_are_dropped():
    encoding = PositionalEncoding(8, 0.0)
    assert not encoding.state_dict()
    encoding.load_state_dict({"pe": torch.zeros(1, 5, 8)})

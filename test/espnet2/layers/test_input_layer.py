"""Input layers of encoders; the convolutions have their own tests."""

import pytest
import torch

from espnet2.layers.input_layer import apply_input_layer, build_input_layer
from espnet2.layers.mask import make_attention_mask
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.layers.relative_attention import RelPositionalEncoding
from espnet2.utils.errors import InputError

NAMES = ("linear", "conv2d", "embed", "wav2vec")


def build(name, input_size=8, encoding=PositionalEncoding, **options):
    return build_input_layer(name, NAMES, input_size, 8, 0.0, lambda: encoding(8, 0.0), **options)


@pytest.mark.parametrize("name", ["linear", "wav2vec", None])
def test_frames_stay_as_many_as_they_are(name):
    mask = make_attention_mask([6, 4])
    xs, pos_emb, new_mask = apply_input_layer(build(name), torch.randn(2, 6, 8), mask)
    assert xs.shape == (2, 6, 8) and pos_emb is None and torch.equal(new_mask, mask)


def test_relative_positions_come_along():
    layer = build("conv2d", 20, RelPositionalEncoding)
    xs, pos_emb, mask = apply_input_layer(layer, torch.randn(2, 30, 20), make_attention_mask([30, 20]))
    assert xs.shape == (2, 6, 8) and pos_emb.shape == (1, 11, 8) and mask.shape == (2, 1, 6)


def test_the_last_symbol_of_an_embedding_is_zero():
    layer = build("embed", 11)
    assert layer[0].weight[-1].abs().max() == 0 and layer[0].weight[0].abs().max() > 0
    assert layer(torch.randint(0, 11, (2, 5))).shape == (2, 5, 8)


def test_linear_may_end_in_a_relu():
    assert [type(part).__name__ for part in build("linear", linear_relu=True)] == [
        "Linear", "LayerNorm", "Dropout", "ReLU", "PositionalEncoding",
    ]  # fmt: skip


def test_refusals():
    with pytest.raises(InputError, match="unknown input_layer 'conv2d6'"):
        build("conv2d6")
    with pytest.raises(InputError, match="needs output_size 20"):
        build(None, 20)

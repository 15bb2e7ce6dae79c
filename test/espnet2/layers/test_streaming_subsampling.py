"""Input layers over pieces of a stream."""

import random

import pytest
import torch

from espnet2.layers.input_layer import apply_input_layer, build_input_layer
from espnet2.layers.mask import make_attention_mask
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.layers.relative_attention import RelPositionalEncoding
from espnet2.layers.streaming_subsampling import split_positions, stream_subsampling, subsampling_factor
from espnet2.layers.subsampling import CONV1D_STAGES, CONV2D_STAGES
from espnet2.utils.errors import InputError

NAMES = ("linear", "embed", "wav2vec", *CONV1D_STAGES, *CONV2D_STAGES)
FACTORS = {"conv2d": 4, "conv2d1": 1, "conv2d2": 2, "conv2d6": 6, "conv2d8": 8, "conv1d3": 3, "linear": 1, "embed": 1}


def build(name, encoding=PositionalEncoding):
    torch.manual_seed(0)
    size = 8 if name is None else 20
    layer = build_input_layer(name, NAMES, size, 8, 0.0, encoding and (lambda: encoding(8, 0.0)))
    return layer.eval()


def speech(name, num_frames):
    if name == "embed":
        return torch.randint(0, 20, (num_frames,))
    return torch.randn(num_frames, 8 if name is None else 20)


def stream(layer, xs, sizes):
    """Feed several utterances together, each in its own pieces."""
    states, outputs, fed = [None] * len(xs), [[] for _ in xs], [0] * len(xs)
    for step, chunk in enumerate(sizes):
        pieces = [x[begin : begin + size] for x, begin, size in zip(xs, fed, chunk)]
        fed = [begin + size for begin, size in zip(fed, chunk)]
        ys, states = stream_subsampling(layer, pieces, states, [step == len(sizes) - 1] * len(xs))
        for output, y in zip(outputs, ys):
            output.append(y)
    assert states == [None] * len(xs)
    return [torch.cat(output) for output in outputs]


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in NAMES if name != "wav2vec"] + [None])
@pytest.mark.parametrize("encoding", [PositionalEncoding, RelPositionalEncoding])
def test_any_pieces_of_several_streams_give_what_the_whole_gives(name, encoding):
    layer, draw = build(name, encoding), random.Random(1)
    frames, positions = split_positions(layer)
    assert isinstance(positions, encoding)
    xs = [speech(name, length) for length in (57, 40, 90)]
    sizes = [[draw.choice([0, 1, 2, 5, 30]) for _ in xs] for _ in range(12)]
    sizes.append([len(x) - sum(size[i] for size in sizes) for i, x in enumerate(xs)])
    sizes = [[max(size, 0) for size in row] for row in sizes]
    for x, ys in zip(xs, stream(layer, xs, sizes)):
        assert torch.allclose(ys, frames(x.unsqueeze(0))[0], atol=1e-6)
        whole = positions(ys.unsqueeze(0))
        expected = apply_input_layer(layer, x.unsqueeze(0), make_attention_mask([len(x)]))[0]
        assert torch.allclose(whole[0] if isinstance(whole, tuple) else whole, expected, atol=1e-5)


@torch.no_grad()
def test_outputs_come_as_soon_as_their_frames_are_there():
    layer = build("conv2d")
    state, counts = [None], []
    for size in (6, 1, 3, 1, 0):
        ys, state = stream_subsampling(layer, [torch.randn(size, 20)], state, [False])
        counts.append(tuple(ys[0].shape))
    assert counts == [(0, 8), (1, 8), (0, 8), (1, 8), (0, 8)]
    assert len(state[0].frames) == 3


@pytest.mark.parametrize(("name", "factor"), FACTORS.items())
def test_factors(name, factor):
    assert subsampling_factor(build(name)) == factor


def test_layers_may_have_no_positions():
    for name in ("conv2d", "linear"):
        layer = build(name, None)
        assert isinstance(split_positions(layer)[1], torch.nn.Identity)
        assert stream(layer, [torch.randn(9, 20)], [[9]])[0].size(1) == 8
    assert [key for key in build("conv2d", None).state_dict() if "out" in key] == ["out.weight", "out.bias"]


def test_a_layer_that_ends_in_a_normalisation_is_refused():
    with pytest.raises(InputError, match="wav2vec cannot stream"):
        split_positions(build_input_layer("wav2vec", NAMES, 8, 8, 0.0, lambda: PositionalEncoding(8, 0.0)))

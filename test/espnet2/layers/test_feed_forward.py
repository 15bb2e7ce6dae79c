"""Position-wise feed-forward networks."""

import pytest
import torch

from espnet2.layers.feed_forward import build_feed_forward
from espnet2.utils.errors import InputError

SHAPES = {
    "linear": ((12, 4), (4, 12)),
    "conv1d": ((12, 4, 3), (4, 12, 3)),
    "conv1d-linear": ((12, 4, 3), (4, 12)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    network = build_feed_forward(name, 4, 12, 3, 0.1, torch.nn.Tanh()).eval()
    assert (tuple(network.w_1.weight.shape), tuple(network.w_2.weight.shape)) == SHAPES[name]
    assert network(torch.randn(2, 7, 4)).shape == (2, 7, 4)


def test_linear_uses_its_activation_and_the_convolutions_use_relu():
    x = torch.randn(2, 7, 4)
    linear = build_feed_forward("linear", 4, 12, 3, 0.0, torch.nn.Tanh())
    assert torch.allclose(linear(x), linear.w_2(linear.w_1(x).tanh()))
    conv = build_feed_forward("conv1d-linear", 4, 12, 3, 0.0, torch.nn.Tanh())
    assert torch.allclose(conv(x), conv.w_2(conv.w_1(x.transpose(1, 2)).relu().transpose(1, 2)))


@pytest.mark.parametrize("name", SHAPES)
def test_masked_frames_change_nothing(name):
    network = build_feed_forward(name, 4, 12, 3, 0.0, torch.nn.ReLU())
    x, pad_mask = torch.randn(1, 7, 4), torch.arange(7).unsqueeze(0) >= 5
    assert torch.allclose(network(x, pad_mask)[:, :5], network(x[:, :5]), atol=1e-6)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="conv2d is not known"):
        build_feed_forward("conv2d", 4, 12, 3, 0.0, torch.nn.ReLU())

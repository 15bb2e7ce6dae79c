"""The convolutional gating perceptron."""

from functools import partial

import pytest
import torch

from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.convolution import depthwise_conv
from espnet2.layers.initialize import initialize
from espnet2.utils.errors import InputError


def build(units=12, kernel=3, **options):
    torch.manual_seed(0)
    make_conv = partial(depthwise_conv, kernel_size=kernel, option="cgmlp_conv_kernel")
    return ConvolutionalGatingMLP(8, units, make_conv, 0.0, **options)


@pytest.mark.parametrize("use_linear", [False, True])
@pytest.mark.parametrize(("gate", "function"), [("identity", lambda x: x), ("tanh", torch.tanh)])
def test_equals_its_description(use_linear, gate, function):
    module = build(use_linear_after_conv=use_linear, gate_activation=gate)
    x = torch.randn(2, 5, 8)
    hidden = torch.nn.functional.gelu(module.channel_proj1[0](x))
    left, right = hidden[..., :6], module.csgu.norm(hidden[..., 6:])
    padded = torch.nn.functional.pad(right, (0, 0, 1, 1))
    taps = module.csgu.conv.weight[:, 0]  # (channels, taps)
    right = sum(padded[:, tap : tap + 5] * taps[:, tap] for tap in range(3)) + module.csgu.conv.bias
    if use_linear:
        right = module.csgu.linear(right)
    assert torch.allclose(module(x), module.channel_proj2(left * function(right)), atol=1e-6)


def test_the_gate_starts_open_whatever_init_says():
    module = build(use_linear_after_conv=True)
    initialize(module, "xavier_uniform")
    x = torch.randn(2, 5, 12)
    assert torch.allclose(module.csgu(x), x[..., :6], atol=1e-3)
    assert module.csgu.conv.weight.abs().max() < 1e-5 and module.csgu.linear.bias.unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 13}, "cgmlp_linear_units must be even, but it is 13"),
        ({"kernel": 4}, "cgmlp_conv_kernel must be odd, but it is 4"),
        ({"gate_activation": "sine"}, "sine is not known"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)

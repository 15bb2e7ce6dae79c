"""Activations of the joint network, by their formulas."""

import math

import pytest
import torch

from espnet2.layers.parametric_activation import ParametricActivation
from espnet2.utils.errors import InputError


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


FORMULAS = {
    "ftswish": lambda x: max(x, 0.0) * sigmoid(x) - 0.2,
    "hardtanh": lambda x: min(max(x, -1.0), 1.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "mish": lambda x: x * math.tanh(math.log(1.0 + math.exp(x))),
    "relu": lambda x: max(x, 0.0),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1.0)),
    "smish": lambda x: x * math.tanh(math.log(1.0 + sigmoid(x))),
    "swish": lambda x: x * sigmoid(x),
    "tanh": math.tanh,
    "identity": lambda x: x,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name):
    points = [-2.5, -0.5, 0.0, 0.7, 3.0]
    values = ParametricActivation(name)(torch.tensor(points)).tolist()
    assert values == pytest.approx([FORMULAS[name](x) for x in points], rel=1e-5)


def test_parameters():
    x = torch.tensor([-1.0, 2.0])
    assert torch.allclose(ParametricActivation("swish", swish_beta=2.0)(x), x * torch.sigmoid(2.0 * x))
    assert ParametricActivation("hardtanh", hardtanh_min=-0.5, hardtanh_max=0.5)(x).tolist() == [-0.5, 0.5]
    shifted = ParametricActivation("ftswish", ftswish_threshold=-0.1, ftswish_mean_shift=0.3)(x)
    assert shifted[0].item() == pytest.approx(-0.4)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="tanh"):
        ParametricActivation("tan")


def test_gradient_of_tanh():
    x = torch.linspace(-30.0, 30.0, 61, dtype=torch.float64, requires_grad=True)
    tanh = ParametricActivation("tanh")
    assert torch.allclose(tanh(x), x.tanh(), atol=1e-12)
    assert torch.autograd.gradcheck(tanh, x)

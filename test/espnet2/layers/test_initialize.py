"""Initialisation of models."""

import math

import pytest
import torch

from espnet2.layers.initialize import INITIALIZERS, initialize
from espnet2.utils.errors import InputError


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(400, 300)
        self.conv = torch.nn.Conv2d(20, 50, (3, 5))
        self.embed = torch.nn.Embedding(100, 50)
        self.lstm = torch.nn.LSTM(8, 8)
        self.cell = torch.nn.LSTMCell(8, 8)
        self.norm = torch.nn.LayerNorm(900)


class Own(torch.nn.Linear):
    def espnet_initialization_fn(self):
        torch.nn.init.constant_(self.weight, 7.0)


def test_chainer_scales_by_the_inputs_and_opens_forget_gates():
    model = Model()
    initialize(model, "chainer")
    assert model.linear.weight.std().item() == pytest.approx(1 / 20, rel=0.05)
    assert model.conv.weight.std().item() == pytest.approx(1 / math.sqrt(300), rel=0.05)
    assert model.embed.weight.std().item() == pytest.approx(1.0, rel=0.05)
    assert model.norm.weight.std().item() == pytest.approx(1 / 30, rel=0.15)
    assert model.linear.bias.abs().max() == 0
    expected = torch.zeros(32)
    expected[8:16] = 1.0
    assert torch.equal(model.lstm.bias_ih_l0, expected) and torch.equal(model.lstm.bias_hh_l0, expected)
    assert torch.equal(model.cell.bias_ih, expected)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_torch_initialisers_leave_biases_zero_and_normalisations_alone(name):
    model = Model()
    before = model.linear.weight.clone()
    initialize(model, name)
    assert not torch.equal(model.linear.weight, before)
    assert model.linear.bias.abs().max() == 0
    assert torch.equal(model.norm.weight, torch.ones(900))
    assert model.embed.weight.std().item() == pytest.approx(1.0, rel=0.05)


def test_a_module_has_the_last_word_and_unknown_names_are_refused():
    own = torch.nn.Sequential(Own(3, 3))
    initialize(own, "xavier_uniform")
    assert own[0].weight.unique().tolist() == [7.0]
    with pytest.raises(InputError, match="unknown init 'glorot'; choose from chainer, xavier_uniform"):
        initialize(own, "glorot")

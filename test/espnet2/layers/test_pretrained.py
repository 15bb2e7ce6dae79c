"""Weights of another training: kept through an initialisation, and not needed below a checkpoint."""
import torch

from espnet2.layers.initialize import initialize
from espnet2.layers.pretrained import mark_pretrained, pretrained_weights_come_from_checkpoint, wants_pretrained_weights


def test_an_initialisation_leaves_them():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3))
    mark_pretrained(model[0])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    initialize(model, "chainer")
    assert torch.equal(model[0].weight, before["0.weight"]) and torch.equal(model[0].bias, before["0.bias"])
    assert not torch.equal(model[2].weight, before["2.weight"])


def test_a_checkpoint_makes_them_needless():
    assert wants_pretrained_weights()
    with pretrained_weights_come_from_checkpoint():
        assert not wants_pretrained_weights()
    assert wants_pretrained_weights()

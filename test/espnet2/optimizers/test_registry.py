import subprocess
import sys

import pytest
import torch
from torch import nn

from espnet2.optimizers.registry import OPTIMIZERS, build_optimizer
from espnet2.utils.errors import InputError

OURS = [name for name, path in OPTIMIZERS.items() if not path.startswith("torch_optimizer")]


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 3), nn.LayerNorm(3), nn.Linear(3, 1))


def trained(own, optimizer):
    for _ in range(3):
        optimizer.zero_grad()
        own(torch.arange(4)).square().sum().backward()
        optimizer.step()
    return [p.detach().clone() for p in own.parameters()]


@pytest.mark.parametrize("name", OURS)
def test_each_lowers_a_loss(name):
    own = model()
    before = own(torch.arange(4)).square().sum()
    trained(own, build_optimizer(name.upper(), own))
    assert own(torch.arange(4)).square().sum() < before


@pytest.mark.parametrize("name", ["adam", "adamw", "adagrad", "sgd"])
def test_the_fused_kernel_is_taken_and_agrees_with_the_plain_one(name):
    conf = {"lr": 0.01, "weight_decay": 0.1}
    one, two = model(), model()
    fused, plain = build_optimizer(name, one, conf), build_optimizer(name, two, {**conf, "fused": False})
    assert fused.defaults["fused"]
    assert not plain.defaults["fused"]
    for a, b in zip(trained(one, fused), trained(two, plain)):
        torch.testing.assert_close(a, b)


def test_weight_decay_spares_biases_norms_and_embeddings():
    own = model()
    names = {id(parameter): name for name, parameter in own.named_parameters()}

    def decayed(**exceptions):
        groups = build_optimizer("adamw", own, {"weight_decay": 0.3}, True, exceptions).param_groups
        assert [group["weight_decay"] for group in groups] == [0.3, 0.0]
        assert sum(len(group["params"]) for group in groups) == len(names)
        return {names[id(parameter)] for parameter in groups[0]["params"]}

    assert decayed() == {"1.weight", "3.weight"}
    assert decayed(bias_weight_decay=True) == {"1.weight", "3.weight", "1.bias", "3.bias"}
    assert decayed(normalization_weight_decay=True) == {"1.weight", "3.weight", "2.weight", "2.bias"}


def test_shared_parameters_are_given_once():
    own = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    own[1].weight = own[0].weight
    groups = build_optimizer("adamw", own, {}, exclude_weight_decay=True).param_groups
    assert [len(group["params"]) for group in groups] == [1, 2]


def test_defaults_of_the_toolkit():
    assert build_optimizer("sgd", model()).defaults["lr"] == 0.1
    assert build_optimizer("torch.optim:NAdam", model(), {"lr": 0.5}).defaults["lr"] == 0.5


@pytest.mark.parametrize(
    "name, conf, message",
    [
        ("adm", {}, "Did you mean 'adam'"),
        ("adam", {"learning_rate": 1}, "no option 'learning_rate'"),
        ("adam", {"lr": -1}, "refuses"),
        ("lbfgs", {}, "lbfgs"),
        ("adam", {"params": []}, "set by the task itself"),
    ],
)
def test_refusals(name, conf, message):
    with pytest.raises(InputError, match=message):
        build_optimizer(name, model(), conf)


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_optimizer", None)
    with pytest.raises(InputError, match="pip install torch_optimizer"):
        build_optimizer("lamb", model())


def test_the_tables_import_no_torch():
    code = "import sys, espnet2.optimizers.registry, espnet2.schedulers.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

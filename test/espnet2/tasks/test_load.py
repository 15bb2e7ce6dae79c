"""Weights of any age into a model; what is missing or left over is told."""

import pytest
import torch

from espnet2.tasks.load import load_weights
from espnet2.train.load_pretrained import read_weights
from espnet2.utils.errors import InputError


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Module()
        self.embed.out = torch.nn.Linear(2, 3)
        self.after_norm = torch.nn.LayerNorm(3)


@pytest.fixture
def state():
    torch.manual_seed(0)
    return {k: torch.randn_like(v) for k, v in Model().state_dict().items()}


def same(model, state):
    return all(torch.equal(v, state[k]) for k, v in model.state_dict().items())


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"module": s}, lambda s: {"model": s, "optimizers": []}])
def test_plain_and_wrapped_files(tmp_path, state, wrap):
    torch.save(wrap(state), tmp_path / "m.pth")
    model = Model()
    load_weights(model, read_weights(tmp_path / "m.pth"), "m.pth")
    assert same(model, state)


def test_names_of_older_files(state):
    old = {"embed.out.0.weight": "embed.out.weight", "embed.out.0.bias": "embed.out.bias", "norm.weight": "after_norm.weight"}
    renamed = {o: state[n] for o, n in old.items()} | {"after_norm.bias": state["after_norm.bias"], "embed.pos.pe": torch.ones(3)}
    model = Model()
    load_weights(model, renamed, "old.pth")
    assert same(model, state)


def test_missing_weights_are_refused_unless_allowed(state, caplog):
    del state["after_norm.bias"]
    with pytest.raises(InputError, match=r"m.pth lacks parameters of the model: after_norm.bias"):
        load_weights(Model(), state, "m.pth")
    load_weights(Model(), state, "m.pth", allow_missing=True)
    assert "initial values kept for after_norm.bias" in caplog.text


def test_left_over_weights_are_told(state, caplog):
    load_weights(Model(), state | {"decoder.weight": torch.ones(1)}, "m.pth")
    assert "not used by the model: decoder.weight" in caplog.text


def test_other_shapes_are_refused(state):
    state["embed.out.weight"] = torch.ones(4, 2)
    with pytest.raises(InputError, match=r"embed.out.weight: \(4, 2\) in the file, \(3, 2\) in the model"):
        load_weights(Model(), state, "m.pth")


def test_damaged_and_absent_files(tmp_path):
    (tmp_path / "bad.pth").write_bytes(b"not a model")
    for name in ("bad.pth", "absent.pth"):
        with pytest.raises(InputError, match=name):
            read_weights(tmp_path / name)

"""Names of earlier releases."""

import pytest
import torch

from espnet2.train.old_weights import todays_names, with_all_names
from espnet2.utils.errors import InputError

ONE, TWO = torch.ones(2), torch.zeros(2)
CASES = {
    "encoder.embed.out.0.weight": "encoder.embed.out.weight",
    "encoder.embed.out.1.alpha": "encoder.embed.pos_enc.alpha",
    "lm.encoder.input_layer.0.weight": "lm.encoder.embed.0.weight",
    "decoder.output_norm.bias": "decoder.after_norm.bias",
    "encoder.norm.weight": "encoder.after_norm.weight",
    "frontend.upstream.model.w": "frontend.upstream.upstream.model.w",
}


@pytest.mark.parametrize("old,new", CASES.items())
def test_old_names_become_those_of_the_model_and_only_those(old, new):
    assert list(todays_names({old: ONE}, [new], "m.pth")) == [new]
    assert list(todays_names({old: ONE}, [old, new], "m.pth")) == [old], "a name that the model has stays"
    assert list(todays_names({old: ONE}, ["other"], "m.pth")) == [old], "nothing is invented"


def test_tables_of_positions_are_dropped():
    assert todays_names({"decoder.embed.1.pe": ONE, "pe": ONE}, ["w"], "m.pth") == {}
    assert list(todays_names({"x.pe": ONE}, ["x.pe"], "m.pth")) == ["x.pe"]


def test_both_spellings_are_accepted_if_they_agree():
    old, new = "encoder.embed.out.0.weight", "encoder.embed.out.weight"
    assert list(todays_names({old: ONE, new: ONE.clone()}, [new], "m.pth")) == [new]
    with pytest.raises(InputError, match="m.pth has two different tensors for encoder.embed.out.weight"):
        todays_names({old: ONE, new: TWO}, [new], "m.pth")


def test_shared_tensors_get_all_their_names():
    model = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 2), "c": torch.nn.Linear(2, 2)})
    model["b"] = model["a"]
    assert set(with_all_names({"b.bias": ONE, "c.bias": TWO}, model, "m.pth")) == {"a.bias", "b.bias", "c.bias"}
    with pytest.raises(InputError, match="m.pth: a.bias and b.bias differ"):
        with_all_names({"a.bias": ONE, "b.bias": TWO}, model, "m.pth")

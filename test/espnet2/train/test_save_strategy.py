"""Which weights the model files of a training hold."""

import pytest
import torch

from espnet2.train.save_strategy import is_adapter, weights_to_save
from espnet2.utils.errors import InputError


def model():
    parts = {"norm": torch.nn.BatchNorm1d(2), "base": torch.nn.Linear(2, 2), "adapter": torch.nn.Linear(2, 2)}
    return torch.nn.ModuleDict(parts)


def test_names_of_adapters():
    for name in (
        "encoder.encoders.0.self_attn.linear_q.lora_A",
        "lora_B",
        "encoder.encoders.1.feed_forward.adapter.up.bias",
    ):
        assert is_adapter(name)
    for name in ("encoder.encoders.0.self_attn.linear_q.weight", "encoder.adapter_norm.weight", "lora_A.weight"):
        assert not is_adapter(name)


def test_all_is_the_state_dict():
    assert weights_to_save(model()).keys() == model().state_dict().keys()


def test_what_learns_with_the_statistics_of_its_modules():
    one = model()
    one["base"].requires_grad_(False)
    names = set(weights_to_save(one, "required_grad_only"))
    assert names == {n for n in one.state_dict() if not n.startswith("base")}
    one["norm"].requires_grad_(False)
    assert set(weights_to_save(one, "required_grad_only")) == {"adapter.weight", "adapter.bias"}


def test_adapters_and_what_learns_with_them():
    one = model()
    one["norm"].requires_grad_(False)
    one["base"].weight.requires_grad_(False)
    assert set(weights_to_save(one, "adapter_only")) == {"adapter.weight", "adapter.bias", "base.bias"}


def test_empty_files_are_refused():
    with pytest.raises(InputError, match="no adapters"):
        weights_to_save(torch.nn.Linear(2, 2), "adapter_only")
    with pytest.raises(InputError, match="no parameter learns"):
        weights_to_save(torch.nn.Linear(2, 2).requires_grad_(False), "required_grad_only")

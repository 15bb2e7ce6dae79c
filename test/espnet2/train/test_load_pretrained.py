import logging

import pytest
import torch
from torch import nn

from espnet2.train.load_pretrained import load_pretrained_model
from espnet2.utils.errors import InputError


def model(out=3):
    return nn.ModuleDict({"encoder": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "out": nn.Linear(2, out)})


@pytest.fixture
def source(tmp_path):
    trained = model()
    torch.save(trained.state_dict(), tmp_path / "m.pth")
    return trained, str(tmp_path / "m.pth")


def same(a, b, name):
    return torch.equal(a.state_dict()[name], b.state_dict()[name])


def test_the_whole_model(source):
    new = model()
    load_pretrained_model(source[1], new)
    assert all(same(new, source[0], name) for name in new.state_dict())


def test_a_part_into_a_part(source):
    new = model()
    load_pretrained_model(f"{source[1]}:encoder.0:encoder.1", new)
    assert torch.equal(new["encoder"][1].weight, source[0]["encoder"][0].weight)
    assert not torch.equal(new["encoder"][0].weight, source[0]["encoder"][0].weight)


def test_excluded_prefixes_are_left_out(source):
    new = model(out=9)
    load_pretrained_model(f"{source[1]}:::out,encoder.1", new)
    assert same(new, source[0], "encoder.0.weight")
    assert not same(new, source[0], "encoder.1.weight")


@pytest.mark.parametrize("wrapper", ["module", "model"])
def test_wrapped_files(source, tmp_path, wrapper):
    torch.save({wrapper: source[0].state_dict(), "reporter": {}}, tmp_path / "w.pth")
    new = model()
    load_pretrained_model(str(tmp_path / "w.pth"), new)
    assert same(new, source[0], "out.bias")


def test_names_of_earlier_releases_and_of_shared_tensors(tmp_path):
    new = nn.ModuleDict({"after_norm": nn.LayerNorm(2), "a": nn.Linear(2, 2)})
    new["b"] = new["a"]
    torch.save({"x.norm.weight": torch.full((2,), 3.0), "x.b.bias": torch.full((2,), 4.0)}, tmp_path / "m.pth")
    assert load_pretrained_model(f"{tmp_path / 'm.pth'}:x", new) == {"after_norm.weight", "a.bias", "b.bias"}
    assert new["after_norm"].weight.tolist() == [3.0, 3.0] and new["a"].bias.tolist() == [4.0, 4.0]


def test_mismatch_is_refused_or_left_out_with_a_warning(source, caplog):
    new = model(out=9)
    with pytest.raises(
        InputError, match=r"out.weight has shape \(3, 2\), in the model \(9, 2\).*--ignore_init_mismatch"
    ):
        load_pretrained_model(source[1], new)
    with caplog.at_level(logging.WARNING):
        load_pretrained_model(source[1], new, ignore_init_mismatch=True)
    assert "left out: out.bias" in caplog.text
    assert same(new, source[0], "encoder.0.bias")


def test_unusable_requests_are_refused(source, tmp_path):
    with pytest.raises(InputError, match="no weight of .* is left by 'decoder'"):
        load_pretrained_model(f"{source[1]}:decoder:encoder", model())
    with pytest.raises(InputError, match="no part 'decoder'"):
        load_pretrained_model(f"{source[1]}:encoder:decoder", model())
    with pytest.raises(InputError, match="cannot be read"):
        load_pretrained_model(str(tmp_path / "none.pth"), model())

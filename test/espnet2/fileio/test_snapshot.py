"""Weights of a folder of Hugging Face."""
import json

import pytest
import torch

from espnet2.fileio.snapshot import read_safetensors, read_snapshot_weights
from espnet2.utils.errors import InputError

WEIGHTS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([1, -2]), "c": torch.randn(3).bfloat16(), "d": torch.tensor(7.5)}


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) and left[k].dtype == right[k].dtype for k in left)


def test_files_of_the_package_itself(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch", reason="writes the reference")
    safetensors.save_file(WEIGHTS, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert same(read_snapshot_weights(tmp_path), WEIGHTS)
    (tmp_path / "model.safetensors").rename(tmp_path / "model-1.safetensors")
    safetensors.save_file({"e": torch.ones(1)}, tmp_path / "model-2.safetensors")
    index = {"weight_map": {**dict.fromkeys("abcd", "model-1.safetensors"), "e": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert same(read_snapshot_weights(tmp_path), {**WEIGHTS, "e": torch.ones(1)})


def test_pickled_tensors(tmp_path):
    torch.save(WEIGHTS, tmp_path / "pytorch_model.bin")
    assert same(read_snapshot_weights(tmp_path), WEIGHTS)


def test_damaged_and_missing_files(tmp_path):
    with pytest.raises(InputError, match="neither model.safetensors nor"):
        read_snapshot_weights(tmp_path)
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(InputError, match="no whole safetensors file"):
        read_safetensors(path)
    path.write_bytes(b"\xff" * 8)
    with pytest.raises(InputError, match="no whole safetensors file"):
        read_safetensors(path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(b"no")
    with pytest.raises(InputError, match="cannot be read as tensors"):
        read_snapshot_weights(tmp_path)

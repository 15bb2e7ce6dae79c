"""Weights of a folder as Hugging Face publishes models, without any of its packages.

safetensors: https://github.com/huggingface/safetensors#format - eight bytes of length, a JSON header, then raw tensors.
"""
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from espnet2.utils.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
           "U8": "uint8", "BOOL": "bool"}  # fmt: skip


def read_snapshot_weights(folder: Path) -> dict[str, "Tensor"]:
    """All weights: of ``model.safetensors``, its shards, or ``pytorch_model.bin``.

    Raises:
        InputError: If there are none of them, or one cannot be read.
    """
    single, index, pickled = (
        folder / name for name in ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
    )
    if single.is_file():
        return read_safetensors(single)
    if index.is_file():
        shards = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        return {name: value for shard in shards for name, value in read_safetensors(folder / Path(shard).name).items()}
    if pickled.is_file():
        import torch

        try:
            return torch.load(pickled, map_location="cpu", weights_only=True)
        except Exception as error:  # what damaged bytes make of the reader can be any error
            raise InputError(f"{pickled} cannot be read as tensors: {repr(error)[:150]}") from error
    raise InputError(f"{folder} has neither model.safetensors nor pytorch_model.bin")


def read_safetensors(path: Path) -> dict[str, "Tensor"]:
    """The tensors of a file.

    Raises:
        InputError: If the file is damaged, or has a type that is not known.
    """
    import torch

    try:
        num_bytes = path.stat().st_size
        with open(path, "rb") as stream:
            (header_length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(min(header_length, num_bytes)))
        header.pop("__metadata__", None)
        data = torch.from_file(str(path), shared=False, size=num_bytes, dtype=torch.uint8)[8 + header_length :]
        return {name: _tensor(data, **entry) for name, entry in header.items()}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, struct.error) as error:
        raise InputError(f"{path} is no whole safetensors file: {repr(error)[:150]}") from error


def _tensor(data: "Tensor", dtype: str, shape: list[int], data_offsets: list[int]) -> "Tensor":
    import torch

    begin, end = data_offsets
    raw = data[begin:end].clone()  # aligned, and free of the file
    return raw.view(getattr(torch, _DTYPES[dtype])).view(shape)

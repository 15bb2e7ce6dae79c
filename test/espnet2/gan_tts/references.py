"""Reading of the reference arrays; see reference/README.md."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).parent / "reference"


class Reference(NamedTuple):
    """What a module of another toolkit was made of, and what it made."""

    config: dict[str, Any]
    inputs: list[Tensor]
    outputs: list[Tensor]
    state: dict[str, Tensor]


def read_reference(name: str) -> Reference:
    """One of the files, by its name without ending."""
    file = np.load(FOLDER / f"{name}.npz")
    told = json.loads(str(file["told"]))
    sizes = [int(np.prod(shape)) for shape in told["shapes"].values()]
    parts = torch.from_numpy(file["values"]).split(sizes)
    arrays = {key: part.view(shape) for (key, shape), part in zip(told["shapes"].items(), parts, strict=True)}
    inputs, outputs = (
        [value for key, value in arrays.items() if key.startswith(kind)] for kind in ("input.", "output.")
    )
    state = {key.removeprefix("state."): value for key, value in arrays.items() if key.startswith("state.")}
    return Reference(told["config"], inputs, outputs, state)


def flat(outputs: Any) -> list[Tensor]:
    """Tensors of lists in lists, in their order."""
    return [outputs] if torch.is_tensor(outputs) else [tensor for part in outputs for tensor in flat(part)]

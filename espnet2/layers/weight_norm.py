"""Weight normalisation in the form that checkpoints of generators have: ``weight_g`` and ``weight_v``.

Salimans & Kingma, "Weight Normalization", 2016, https://arxiv.org/abs/1602.07868, equation 2: w = g v / |v|. The norm is taken over
all axes but the first. torch's newer parametrisation computes the same under other names.
"""

import warnings
from collections.abc import Collection, Mapping
from typing import TypeVar

import torch
from torch import Tensor

Module = TypeVar("Module", bound=torch.nn.Module)

CONVOLUTIONS = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.ConvTranspose1d)
_NEW_G, _NEW_V = "parametrizations.weight.original0", "parametrizations.weight.original1"


def weight_norm(module: Module) -> Module:
    """Learn length and direction of each filter of a convolution apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the newer form would change the names
        torch.nn.utils.weight_norm(module)
    return module


def add_weight_norm(module: torch.nn.Module) -> None:
    """Normalise the weights of every convolution inside."""
    for part in module.modules():
        if isinstance(part, CONVOLUTIONS):
            weight_norm(part)


def remove_weight_norm(module: torch.nn.Module) -> None:
    """Compute the weights once for all; for inference. What is not normalised stays as it is."""
    for part in module.modules():
        if "weight_g" in part._parameters:
            torch.nn.utils.remove_weight_norm(part)


def in_known_form(state: Mapping[str, Tensor], known: Collection[str]) -> dict[str, Tensor]:
    """The weights of a file in the form that a model has: normalised or plain.

    Files differ: published multi-scale discriminators were saved without normalisation though their configuration asks for it, and
    newer files may have torch's newer names.

    Args:
        state: Name -> tensor.
        known: The names of the model.
    """
    changed = {name if name in known else _old_name(name): value for name, value in state.items()}
    for name in known:
        stem = name.removesuffix("weight_g")
        plain = stem + "weight"
        if name.endswith("weight_g") and name not in changed and plain in changed:
            weight = changed.pop(plain)
            changed[name], changed[stem + "weight_v"] = _norm(weight), weight
        elif name.endswith("weight") and name not in changed and f"{name}_g" in changed and f"{name}_v" in changed:
            direction = changed.pop(f"{name}_v")
            changed[name] = direction * (changed.pop(f"{name}_g") / _norm(direction))
    return changed


def _norm(weight: Tensor) -> Tensor:
    """Shapes: (C, ...) -> (C, 1, ...)."""
    return torch.norm_except_dim(weight, 2, 0)


def _old_name(name: str) -> str:
    for new, old in ((_NEW_G, "weight_g"), (_NEW_V, "weight_v")):
        if name.endswith(new):
            return name.removesuffix(new) + old
    return name

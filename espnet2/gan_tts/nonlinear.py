"""Activations by the names that torch gives them, as configurations of generators do."""

from collections.abc import Mapping
from typing import Any

import torch

from espnet2.utils.errors import InputError


def build_nonlinear(name: str, params: Mapping[str, Any]) -> torch.nn.Module:
    """Make an activation, which writes over its input only if told so.

    Raises:
        InputError: If torch has none of that name.
    """
    class_ = getattr(torch.nn, name, None)
    if not (isinstance(class_, type) and class_.__module__ == "torch.nn.modules.activation"):
        raise InputError(f"nonlinear_activation: torch.nn has no activation '{name}'; LeakyReLU is the usual one")
    return class_(**params)

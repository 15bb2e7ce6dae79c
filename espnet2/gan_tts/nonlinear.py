"""Activations, paddings and poolings by the names that torch gives them, as configurations of generators do."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.utils.errors import InputError


def build_nonlinear(name: str, params: Mapping[str, Any]) -> torch.nn.Module:
    """Make an activation, which writes over its input only if told so.

    Raises:
        InputError: If torch has none of that name.
    """
    return _class_of("activation", name, "nonlinear_activation", "LeakyReLU")(**params)


def build_padding(name: str, num_samples: int, params: Mapping[str, Any]) -> torch.nn.Module:
    """Make a padding of both ends.

    Args:
        name: Of torch's class.
        num_samples: Samples at each end.
        params: Arguments besides.
    Raises:
        InputError: If torch has none of that name.
    """
    return _class_of("padding", name, "pad", "ReflectionPad1d")(num_samples, **params)


def build_pooling(name: str, params: Mapping[str, Any]) -> torch.nn.Module:
    """Make a pooling of one axis.

    Raises:
        InputError: If it is none that makes a waveform shorter.
    """
    if name not in ("AvgPool1d", "MaxPool1d"):
        raise InputError(f"downsample_pooling: choose AvgPool1d or MaxPool1d, not {name}")
    return getattr(torch.nn, name)(**params)


def judge_scales(discriminators: torch.nn.ModuleList, pooling: torch.nn.Module, x: Tensor) -> list[list[Tensor]]:
    """The verdicts of discriminators, each of which sees a pooled version of what the one before sees.

    Shapes:
        x (B, C, N)
    """
    verdicts: list[list[Tensor]] = []
    for scale, discriminator in enumerate(discriminators):
        x = pooling(x) if scale else x
        verdicts += discriminator(x)
    return verdicts


def _class_of(kind: str, name: str, option: str, usual: str) -> Any:
    class_ = getattr(torch.nn, name, None)
    if not (isinstance(class_, type) and class_.__module__ == f"torch.nn.modules.{kind}"):
        raise InputError(f"{option}: torch.nn has no {kind} '{name}'; {usual} is the usual one")
    return class_

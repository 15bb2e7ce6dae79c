"""Activation functions by their configuration names."""
import torch

from espnet2.utils.errors import InputError

ACTIVATIONS: dict[str, type[torch.nn.Module]] = {
    "hardtanh": torch.nn.Hardtanh,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "selu": torch.nn.SELU,
    "swish": torch.nn.SiLU,
}


def get_activation(name: str) -> torch.nn.Module:
    """Make the named activation.

    Raises:
        InputError: If the name is not in ``ACTIVATIONS``.
    """
    if name not in ACTIVATIONS:
        raise InputError(f"activation_type: {name} is not known; choose from {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]()

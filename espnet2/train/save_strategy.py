"""Which weights of a model go into the ``.pth`` files of its training: all, or those that were trained on top of others."""

import re
from collections.abc import Mapping
from typing import Any

import torch

from espnet2.utils.errors import InputError

# ``....lora_A``, ``....lora_B``, and everything below a module named ``adapter``.
ADAPTER_WEIGHT = re.compile(r"(.*\.)?(lora_[AB]|adapter\..*)")


def is_adapter(name: str) -> bool:
    """Whether this name of a state dict is an adapter's."""
    return ADAPTER_WEIGHT.fullmatch(name) is not None


def weights_to_save(model: torch.nn.Module, strategy: str = "all") -> Mapping[str, Any]:
    """The part of a state dict that a strategy keeps.

    Args:
        model: The model.
        strategy: ``all``; ``required_grad_only``: the parameters that learn, with the statistics of their modules;
            ``adapter_only``: adapters, and what learns with them (biases).
    Raises:
        InputError: If there are no such weights.
    """
    state = model.state_dict()
    if strategy == "all":
        return state
    kept = _learning(model)
    if strategy == "adapter_only":
        adapters = {name for name in state if is_adapter(name)}
        if not adapters:
            raise InputError("--save_strategy adapter_only: the model has no adapters; see --use_adapter.")
        kept |= adapters
    if not kept:
        raise InputError(f"--save_strategy {strategy}: no parameter learns, so the files would be empty.")
    return {name: value for name, value in state.items() if name in kept}


def _learning(model: torch.nn.Module) -> set[str]:
    """Names of the parameters that learn, and of the buffers beside them."""
    names = set()
    for prefix, module in model.named_modules(remove_duplicate=False):
        own = dict(module.named_parameters(prefix, recurse=False))
        learning = {name for name, parameter in own.items() if parameter.requires_grad}
        names |= learning
        if learning:
            names |= {name for name, _ in module.named_buffers(prefix, recurse=False)}
    return names

"""``--init_param``: start from weights, or a part of them, that another training has made."""

import logging
import os

import torch
from torch import Tensor

from espnet2.train import checkpoint
from espnet2.train.old_weights import todays_names, with_all_names
from espnet2.utils.errors import InputError


def load_pretrained_model(
    init_param: str,
    model: torch.nn.Module,
    ignore_init_mismatch: bool = False,
    map_location: str | torch.device = "cpu",
) -> set[str]:
    """Copy weights of a file into a model.

    Args:
        init_param: ``<file>[:<src_key>[:<dst_key>[:<exclude,...>]]]``. Of the file's weights those that begin with
            one of ``exclude`` are left out; the rest below ``src_key`` goes to the model's part ``dst_key`` (empty: all
            of either).
        model: What to initialise.
        ignore_init_mismatch: Leave out weights whose name or shape does not fit, with a warning.
        map_location: Where the file is read to.
    Returns:
        The names of the model's weights that were set.
    Raises:
        InputError: If the file cannot be read, nothing in it fits ``src_key``, the model has no ``dst_key``, or a
            weight does not fit.

    Examples:
        ``model.pth``, ``model.pth:encoder:encoder``, ``model.pth:::decoder.embed,decoder.output_layer``.
    """
    path, src_key, dst_key, excludes = (init_param.split(":") + [""] * 4)[:4]
    state = read_weights(path, map_location)
    for prefix in filter(None, excludes.split(",")):
        state = {name: value for name, value in state.items() if not name.startswith(prefix)}
    if src_key:
        state = {name[len(src_key) + 1 :]: value for name, value in state.items() if name.startswith(f"{src_key}.")}
    if not state:
        raise InputError(f"--init_param {init_param}: no weight of {path} is left by '{src_key}' and '{excludes}'.")
    try:
        target = model.get_submodule(dst_key)
    except AttributeError as error:
        raise InputError(f"--init_param {init_param}: the model has no part '{dst_key}' ({error}).") from error
    own = target.state_dict()
    state = with_all_names(todays_names(state, own.keys(), path), target, path)
    misfits = [message for name, value in state.items() if (message := _misfit(name, value, own))]
    if misfits and not ignore_init_mismatch:
        raise InputError(
            f"--init_param {init_param}: {'; '.join(misfits[:5])} ({len(misfits)} do not fit). "
            "--ignore_init_mismatch true leaves such weights out."
        )
    for message in misfits:
        logging.warning(f"--init_param {init_param}: left out: {message}")
    fitting = {name: value for name, value in state.items() if not _misfit(name, value, own)}
    own.update(fitting)
    target.load_state_dict(own)
    return {f"{dst_key}.{name}" if dst_key else name for name in fitting}


def read_weights(path: str | os.PathLike, map_location: str | torch.device = "cpu") -> dict[str, Tensor]:
    """The weights of a ``.pth`` file: a state dict, or one below ``module`` (DeepSpeed) or ``model`` (checkpoint.pth).

    Raises:
        InputError: If the file is missing, damaged, or holds more than tensors and plain containers.
    """
    state = checkpoint.read(path, map_location)
    for wrapper in ("module", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict):
        raise InputError(f"{path} holds a {type(state).__name__}, not a dict of weights.")
    return state


def _misfit(name: str, value: Tensor, own: dict[str, Tensor]) -> str:
    """Why a weight does not fit; empty if it does."""
    if name not in own:
        return f"{name} is not in the model"
    if own[name].shape != value.shape:
        return f"{name} has shape {tuple(value.shape)}, in the model {tuple(own[name].shape)}"
    return ""

"""A trained model from its files, whichever release and machine wrote them, with nothing lost in silence.

Upstream loads leniently and says nothing, so a wrong option leaves a module at its random start. Here both lists, missing and
unexpected, are reported, and missing parameters are refused unless asked otherwise.
"""

import argparse
import logging
import os
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from espnet2.config.yaml import load_yaml, upgrade_config
from espnet2.fileio.hugging_face import experiment
from espnet2.layers.pretrained import pretrained_weights_come_from_checkpoint
from espnet2.tasks.adapter import build_adapted
from espnet2.tasks.moved_files import find_file, find_moved_files
from espnet2.train.load_pretrained import load_pretrained_model, read_weights
from espnet2.train.old_weights import todays_names, with_all_names
from espnet2.train.save_strategy import is_adapter
from espnet2.utils.errors import InputError

# Parameters that older releases built without, which is the same as zeros.
ZERO_IF_MISSING = re.compile(r"(.*\.)?joint_network\.lin_dec\.bias")
STATS_KEY = "_conf.stats_file"
SHOWN_NAMES = 20


def load_model(
    task: Any,
    config_file: str | os.PathLike,
    model_file: str | os.PathLike | None,
    device: str = "cpu",
    allow_missing: bool = False,
) -> tuple[torch.nn.Module, argparse.Namespace]:
    """The model of a configuration with the weights of a file.

    Args:
        task: Builds it.
        config_file: The training's ``config.yaml``.
        model_file: A ``.pth``; None builds the model without loading any.
        device: Where to put it.
        allow_missing: Accept a file that lacks some parameters.
    Returns:
        The model in training mode, and all its options.
    Raises:
        InputError: If a file is missing or does not fit.
    """
    state = {} if model_file is None else read_weights(model_file, device)
    config = upgrade_config(load_yaml(config_file))
    lost = find_moved_files(config, config_file)
    args = task.default_args()
    vars(args).update(config)
    _do_without(lost, args, state, config_file)
    is_whole = model_file is not None and args.save_strategy == "all"
    try:
        with (
            experiment(Path(config_file).parent, is_training=False),
            pretrained_weights_come_from_checkpoint() if is_whole else nullcontext(),
        ):
            model = build_adapted(task, args)
    except InputError as error:
        raise InputError(f"{config_file}: {error}") from error
    model.to(device)
    if model_file is not None:
        initialised = set() if is_whole else _load_base(model, args, config_file)
        load_weights(model, state, model_file, allow_missing, initialised)
    return model, args


def _do_without(
    lost: Iterable[tuple[str, str]],
    args: argparse.Namespace,
    state: Mapping[str, Tensor],
    config_file: str | os.PathLike,
) -> None:
    """Go on without files that are not there, where that is possible.

    Raises:
        InputError: Names the key and the file.
    """
    for key, path in lost:
        part = key.removesuffix(STATS_KEY)
        if key.endswith(STATS_KEY) and getattr(args, part, None) is None:
            continue
        if key.endswith(STATS_KEY) and {f"{part}.mean", f"{part}.std"} <= state.keys():
            logging.info(f"{config_file}: {key}: there is no {path}; mean and deviation are taken from the weights")
            getattr(args, f"{part}_conf")["stats_file"] = None
        elif key == "token_list" or key.endswith("stats_file"):
            raise InputError(
                f"{config_file}: {key}: there is no file {path}, neither beside the configuration nor in the folders "
                "above it; bring it along, or correct the configuration."
            )
        else:
            logging.warning(
                f"{config_file}: {key}: there is no file {path}; text cannot be split or joined as in training"
            )


def _load_base(model: torch.nn.Module, args: argparse.Namespace, config_file: str | os.PathLike) -> set[str]:
    """Load what a file of trained parameters alone was trained on; the names of parameters that have their values now."""
    names: set[str] = set()
    for prefix, module in model.named_modules():
        if getattr(module, "is_pretrained", False):
            names |= {f"{prefix}.{name}" for name, _ in module.named_parameters() if not is_adapter(name)}
    for item in args.init_param:
        path, colon, parts = item.partition(":")
        found = find_file(path, config_file)
        if found is None:
            raise InputError(
                f"{config_file}: save_strategy is {args.save_strategy}, so the other weights are those of init_param {path}, "
                "and there is no such file; bring it along, or correct the configuration."
            )
        logging.info(f"Loading the parameters that were not trained from {found}{colon}{parts}")
        names |= load_pretrained_model(f"{found}{colon}{parts}", model, args.ignore_init_mismatch)
    return names


def load_weights(
    model: torch.nn.Module,
    state: Mapping[str, Tensor],
    source: str | os.PathLike,
    allow_missing: bool = False,
    initialised: Collection[str] = (),
) -> None:
    """Copy a state dict into a model.

    Args:
        model: The model built from the configuration.
        state: Name -> tensor.
        source: The file's name for messages.
        allow_missing: Keep the initial values of parameters that the file lacks, with a warning.
        initialised: Names that have values worth keeping, from another file.
    Raises:
        InputError: If a shape differs, parameters are missing, or the file has adapters that the model has not.
    """
    own = model.state_dict()
    state = _completed(todays_names(state, own.keys(), source), model, source)
    wrong = [
        f"{name}: {tuple(value.shape)} in the file, {tuple(own[name].shape)} in the model"
        for name, value in state.items()  # an empty tensor, statistics of no file, takes whatever comes
        if name in own and value.shape != own[name].shape and own[name].numel() > 0
    ]
    if wrong:
        raise InputError(f"{source} does not fit the configuration: {'; '.join(wrong[:5])} ({len(wrong)} in all).")
    _report_unexpected([name for name in state if name not in own], model, source)
    missing = [name for name in own if name not in state and name not in initialised]
    parameters = dict(model.named_parameters(remove_duplicate=False))
    needed = [name for name in missing if name in parameters]
    if needed and not allow_missing:
        raise InputError(
            f"{source} lacks parameters of the model: {_some(needed, 5)}. "
            "Is it of another configuration? (allow_missing=True keeps their initial values.)"
        )
    if missing:
        logging.warning(f"{source}: initial values kept for {_some(missing)}")
    model.load_state_dict(state, strict=False)


def _completed(state: Mapping[str, Tensor], model: torch.nn.Module, source: str | os.PathLike) -> dict[str, Tensor]:
    """With what may be lacking: further names of shared tensors, and biases that older releases had not."""
    completed = with_all_names(state, model, source)
    for name, parameter in model.named_parameters():
        if name not in completed and ZERO_IF_MISSING.fullmatch(name):
            logging.info(f"{source} has no {name}, like models of earlier releases; it is zero")
            completed[name] = torch.zeros_like(parameter)
    return completed


def _report_unexpected(names: list[str], model: torch.nn.Module, source: str | os.PathLike) -> None:
    """Tell what the model does not use.

    Raises:
        InputError: If adapters are among it, without which the model is another.
    """
    adapters = [name for name in names if is_adapter(name)]
    if adapters:
        raise InputError(
            f"{source} has adapters that the model does not have: {_some(adapters, 5)}. "
            "use_adapter, adapter and adapter_conf of the configuration must be those of the training."
        )
    if names:
        absent = sorted({name.split(".")[0] for name in names if getattr(model, name.split(".")[0], None) is None})
        why = f" (it has no {', '.join(absent)})" if absent else ""
        logging.warning(f"{source}: not used by the model: {_some(names)}{why}")


def _some(names: list[str], most: int = SHOWN_NAMES) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

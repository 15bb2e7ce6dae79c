"""Weights from a file into a model, whichever release wrote them, with nothing lost in silence.

Upstream loads leniently and says nothing, so a wrong option leaves a module at its random start. Here both lists, missing and
unexpected, are reported, and missing parameters are refused unless asked otherwise.
"""

import logging
import os
import re

import torch
from torch import Tensor

from espnet2.utils.errors import InputError

# (pattern, replacement) on the names of older files, applied where the model lacks the old name and has the new one.
RENAMED_WEIGHTS = (
    (r"^(.*\.)?embed\.out\.0\.(weight|bias)$", r"\1embed.out.\2"),  # conv2d8 front before/after pos_enc moved out
    (r"^(.*\.)?embed\.out\.1\.alpha$", r"\1embed.pos_enc.alpha"),
    (r"^(.*\.)?input_layer\.(.*)$", r"\1embed.\2"),  # first generation Transformer
    (r"^(.*\.)?(?:output_)?norm\.(weight|bias)$", r"\1after_norm.\2"),
    (r"^frontend\.upstream\.model\.(.*)$", r"frontend.upstream.upstream.model.\1"),  # s3prl before 0.4
)
# Tensors that are computed, not learnt; old releases stored them.
DROPPED_WEIGHTS = re.compile(r".*\.pe$")


def load_weights(
    model: torch.nn.Module, state: dict[str, Tensor], source: str | os.PathLike, allow_missing: bool = False
) -> None:
    """Copy a state dict into a model.

    Args:
        model: The model built from the configuration.
        state: Name -> tensor.
        source: The file's name for messages.
        allow_missing: Keep the initial values of parameters that the file lacks, with a warning.
    Raises:
        InputError: If a shape differs, or parameters are missing.
    """
    own = model.state_dict()
    state = _todays_names(state, own)
    wrong = [f"{k}: {tuple(v.shape)} in the file, {tuple(own[k].shape)} in the model" for k, v in state.items()
             if k in own and v.shape != own[k].shape]
    if wrong:
        raise InputError(f"{source} does not fit the configuration: {'; '.join(wrong[:5])} ({len(wrong)} in all).")
    result = model.load_state_dict(state, strict=False)
    parameters = {name for name, _ in model.named_parameters()}
    missing = [name for name in result.missing_keys if name in parameters]
    if result.unexpected_keys:
        logging.warning(f"{source}: not used by the model: {_some(result.unexpected_keys)}")
    if missing and not allow_missing:
        raise InputError(
            f"{source} lacks parameters of the model: {_some(missing)}. "
            "Is it of another configuration? (allow_missing=True keeps their initial values.)"
        )
    if result.missing_keys:
        logging.warning(f"{source}: initial values kept for {_some(result.missing_keys)}")


def _todays_names(state: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, value in state.items():
        if name not in own:
            if DROPPED_WEIGHTS.fullmatch(name):
                continue
            news = (re.sub(old, new, name) for old, new in RENAMED_WEIGHTS if re.search(old, name))
            name = next((new for new in news if new in own), name)
        renamed[name] = value
    return renamed


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

"""The one place that knows the names which files have for weights beside those of the model."""

import os
import re
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from espnet2.layers.fairseq_names import FAIRSEQ_WEIGHTS
from espnet2.layers.weight_norm import in_known_form
from espnet2.utils.errors import InputError

# (pattern, replacement), applied where the model lacks the old name and has the new one.
RENAMED_WEIGHTS = (
    (r"^(.*\.)?embed\.out\.0\.(weight|bias)$", r"\1embed.out.\2"),  # conv2d8 front before/after pos_enc moved out
    (r"^(.*\.)?embed\.out\.1\.alpha$", r"\1embed.pos_enc.alpha"),
    (r"^(.*\.)?input_layer\.(.*)$", r"\1embed.\2"),  # first generation Transformer
    (r"^(.*\.)?(?:output_)?norm\.(weight|bias)$", r"\1after_norm.\2"),
    (r"^frontend\.upstream\.model\.(.*)$", r"frontend.upstream.upstream.model.\1"),  # s3prl before 0.4
    (r"^lm\.decoder\.decoder\.(.*)$", r"lm.decoder.\1"),  # OPT's decoder, named through the model that holds it
    *FAIRSEQ_WEIGHTS,
)
# Tensors that are computed, not learnt; old releases stored them.
DROPPED_WEIGHTS = re.compile(r"(.*\.)?pe")


def todays_names(state: Mapping[str, Tensor], known: Collection[str], source: str | os.PathLike) -> dict[str, Tensor]:
    """The tensors of a file by the names that a model has for them; unknown names stay.

    Args:
        state: Name -> tensor.
        known: The names of the model.
        source: The file, for messages.
    Raises:
        InputError: If the file has two different tensors for one name.
    """
    renamed: dict[str, Tensor] = {}
    for old_name, value in in_known_form(state, known).items():
        name = old_name
        if name not in known:
            if DROPPED_WEIGHTS.fullmatch(name):
                continue
            news = (re.sub(old, new, name) for old, new in RENAMED_WEIGHTS if re.search(old, name))
            name = next((new for new in news if new in known), name)
        if name in renamed and not torch.equal(renamed[name], value):
            raise InputError(f"{source} has two different tensors for {name}, one of them as {old_name}.")
        renamed[name] = value
    return renamed


def with_all_names(state: Mapping[str, Tensor], model: torch.nn.Module, source: str | os.PathLike) -> dict[str, Tensor]:
    """The tensors of a file, those that the model shares between modules (a tied embedding) under all their names.

    Args:
        state: Name -> tensor; of several names of one parameter some may be missing.
        model: Whose names.
        source: The file, for messages.
    Raises:
        InputError: If tensors differ that are one in the model.
    """
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    completed = dict(state)
    for group in names.values():
        present = [name for name in group if name in state]
        for name in present[1:]:
            if not torch.equal(state[name], state[present[0]]):
                raise InputError(f"{source}: {present[0]} and {name} differ, and in the model they are one tensor.")
        if present:
            completed.update(dict.fromkeys(group, state[present[0]]))
    return completed

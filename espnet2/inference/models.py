"""From files to models that are ready to infer."""

import argparse
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from espnet2.fileio.archive import is_archive, unpack
from espnet2.inference.packed import packed_recogniser, snapshot_of
from espnet2.tasks.adapter import merge_lora
from espnet2.tasks.asr import ASRTask
from espnet2.tasks.lm import LMTask
from espnet2.tasks.moved_files import META
from espnet2.utils.errors import InputError

HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(?<!\.zip)")
# Which weights of an experiment folder are taken, best first.
PREFERRED_WEIGHTS = (
    "valid.acc.ave.pth",
    "valid.acc.ave_*best.pth",
    "valid.acc.best.pth",
    "valid.cer*.ave*.pth",
    "valid.loss.ave.pth",
    "valid.loss.ave_*best.pth",
    "valid.loss.best.pth",
    "*.ave*.pth",
    "*.best.pth",
    "latest.pth",
)


def find_model(model_tag: str | Path) -> dict[str, str]:
    """The files of a trained recogniser on this machine; the network is never asked.

    Args:
        model_tag: An experiment folder with ``config.yaml`` and weights, a ``.pth`` that lies in one, a packed model (an
            archive or its unpacked folder), or a folder of Hugging Face's cache.
    Returns:
        ``asr_train_config`` and ``asr_model_file``; of a packed model with a language model also ``lm_train_config`` and
        ``lm_file``.
    Raises:
        InputError: If it is none of them, or lacks a file.
    """
    path = Path(model_tag)
    if not path.exists():
        download = f"huggingface-cli download {model_tag if HUB_NAME.fullmatch(str(model_tag)) else 'OWNER/NAME'}"
        raise InputError(
            f"{model_tag}: there is no such folder, .pth file or packed model here, and models are not fetched by name yet: "
            f"that comes with the tools for sharing. Until then download by hand ({download} --local-dir DIR) and name DIR."
        )
    if is_archive(path):
        path = unpack(path, META)
        logging.info(f"{model_tag} is unpacked in {path}")
    elif path.is_dir():
        path = snapshot_of(path)
    if (path / META).is_file():
        return packed_recogniser(path)
    config, weights = files_of(path, PREFERRED_WEIGHTS)
    return {"asr_train_config": config, "asr_model_file": weights}


def files_of(path: Path, preferred: Sequence[str]) -> tuple[str, str]:
    """``config.yaml`` and weights of an experiment folder or of a ``.pth`` that lies in one.

    Args:
        path: The folder or the file.
        preferred: Which weights of a folder are taken, best first; they may hold ``*``.
    Raises:
        InputError: If there are none, or no configuration beside them.
    """
    weights = _best_weights(path, preferred) if path.is_dir() else path
    config = weights.parent / "config.yaml"
    if not config.is_file():
        raise InputError(f"There is no config.yaml beside {weights}.")
    return str(config), str(weights)


def with_files_of(model_tag: str | Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options completed by the files of a trained recogniser; a model that they name themselves stays theirs.

    Raises:
        InputError: As ``find_model``.
    """
    completed, files = dict(options), find_model(model_tag)
    for keys in (("asr_train_config", "asr_model_file"), ("lm_train_config", "lm_file")):
        if all(options.get(key) is None for key in keys):
            completed.update({key: files[key] for key in keys if key in files})
    return completed


def _best_weights(folder: Path, preferred: Sequence[str]) -> Path:
    for pattern in preferred:
        found = sorted(folder.glob(pattern))
        if found:
            return found[-1]
    others = [file for file in folder.glob("*.pth") if file.name != "checkpoint.pth"]
    if len(others) == 1:
        return others[0]
    names = ", ".join(sorted(file.name for file in others)) or "none"
    raise InputError(f"{folder}: cannot tell which weights to use (found: {names}); name the .pth file.")


def load_recogniser(
    config_file: str | Path | None, model_file: str | Path | None, device: str, dtype: str
) -> tuple[Any, argparse.Namespace]:
    """A recogniser in evaluation mode, and its training options.

    Raises:
        InputError: If neither file is named, or they do not fit.
    """
    if model_file is None:
        raise InputError("Name the weights: asr_model_file (and asr_train_config, if it lies elsewhere).")
    model, args = ASRTask.build_model_from_file(config_file, model_file, device)
    merge_lora(model)
    return model.to(dtype=getattr(torch, dtype)).eval(), args


def load_language_model(
    config_file: str | Path | None, model_file: str | Path | None, device: str, dtype: str
) -> tuple[Any, argparse.Namespace]:
    """A language model in evaluation mode, and its training options."""
    if model_file is None:
        raise InputError("Name the language model's weights: lm_file.")
    model, args = LMTask.build_model_from_file(config_file, model_file, device)
    merge_lora(model)
    return model.to(dtype=getattr(torch, dtype)).eval(), args


def check_same_tokens(asr_tokens: Sequence[str], lm_tokens: Sequence[str], lm_config: str | Path | None) -> None:
    """Refuse a language model of other tokens.

    Raises:
        InputError: With the first token that differs.
    """
    if list(asr_tokens) == list(lm_tokens):
        return
    pairs = enumerate(zip(asr_tokens, lm_tokens))
    first = next((f"; token {n} is '{a}' there '{b}'" for n, (a, b) in pairs if a != b), "")
    raise InputError(
        f"{lm_config}: the language model has {len(lm_tokens)} tokens, the recogniser {len(asr_tokens)}{first}. "
        "Both must be trained with the same token list."
    )


def quantize(model: torch.nn.Module, modules: Sequence[str], dtype: str) -> torch.nn.Module:
    """Dynamic quantisation: weights of the named kinds of module in 8 bits (or 16), activations as they come.

    Args:
        model: In evaluation mode, on the CPU.
        modules: Names of ``torch.nn`` classes.
        dtype: ``qint8`` or ``float16``.
    Raises:
        InputError: If a name is no such class, or this torch has no dynamic quantisation.
    """
    kinds = {getattr(torch.nn, name, None) for name in modules}
    if None in kinds:
        raise InputError(f"quantize_modules: {', '.join(modules)} are not all classes of torch.nn.")
    try:
        from torch.ao.quantization import quantize_dynamic
    except ImportError as error:
        raise InputError(f"torch {torch.__version__} has no dynamic quantisation; leave the option out.") from error
    logging.info(f"Quantising {', '.join(modules)} to {dtype}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces a successor in each call
        return quantize_dynamic(model, qconfig_spec=kinds, dtype=getattr(torch, dtype))

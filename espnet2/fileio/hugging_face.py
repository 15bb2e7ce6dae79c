"""Hugging Face's ``transformers``: the one place that imports it.

A model is named by its folder, or by a name that is in Hugging Face's cache on this machine. The network is asked by a
training only, and only for what its configuration calls by a published name; the log says so. A training keeps the
configurations of the networks beside its own, so that a trained model is built from the files of its experiment alone.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

KEPT = "hugging_face"
PUBLISHED_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


class _Experiment(NamedTuple):
    folder: Path
    is_training: bool


_EXPERIMENT: ContextVar[_Experiment | None] = ContextVar("hugging_face_experiment", default=None)


@contextmanager
def experiment(folder: str | Path, is_training: bool) -> Iterator[None]:
    """Around the building of a model, and the training.

    Args:
        folder: Of the experiment: configurations of networks are below it, in ``hugging_face``.
        is_training: Published models may be downloaded, and their configurations are written there; else configurations
            are taken from there.
    """
    token = _EXPERIMENT.set(_Experiment(Path(folder), is_training))
    try:
        yield
    finally:
        _EXPERIMENT.reset(token)


def transformers() -> Any:
    """The package.

    Raises:
        InputError: If it is not installed.
    """
    try:
        import transformers as package
    except ImportError as error:
        raise InputError('This needs the package transformers: pip install "espnet2-surface-toolkit[transformers]"') from error
    return package


def read_config(name: str) -> Any:
    """The configuration of a network, ``transformers.AutoConfig``; see ``experiment``.

    Args:
        name: A folder, or the name of a published model.

    Raises:
        InputError: As ``from_pretrained``.
    """
    place = _EXPERIMENT.get()
    if place is None:
        return from_pretrained("AutoConfig", name)
    kept = place.folder / KEPT / name.strip("/").replace("/", "--") / "config.json"
    if not place.is_training:
        return from_pretrained("AutoConfig", str(kept.parent) if kept.is_file() else name)
    config = from_pretrained("AutoConfig", name)
    with atomic_write(kept, "w") as file:
        file.write(config.to_json_string())
    return config


def from_pretrained(auto_class: str, name: str, **kwargs: Any) -> Any:
    """``transformers.<auto_class>.from_pretrained``, from this machine if possible.

    Args:
        auto_class: Such as ``AutoModel``.
        name: A folder, or the name of a published model.
        **kwargs: Handed on.

    Raises:
        InputError: If the model is nowhere, or is of another kind.
    """
    reader, folder = getattr(transformers(), auto_class), _folder_of(name)
    may_download = _may_download(name)
    if folder is not None:
        try:
            return reader.from_pretrained(folder, local_files_only=True, **kwargs)
        except (OSError, ValueError, RuntimeError) as error:
            if not may_download:
                raise InputError(f"{name} cannot be read as {auto_class} of transformers: {str(error)[:300]}") from error
    elif not may_download:
        raise InputError(
            f"{name} is neither a folder, nor in the cache of Hugging Face on this machine; only a training downloads, and "
            "only what is no path. Bring the folder (config.json, model.safetensors, tokenizer files) to this machine and "
            "give its path; a published model is fetched by: huggingface-cli download OWNER/NAME"
        )
    logging.warning(f"{name} is not on this machine; trying to download it from Hugging Face")
    try:
        return reader.from_pretrained(name, **kwargs)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{name} is neither a folder, nor in the cache of Hugging Face, nor can it be downloaded ({str(error)[:150]}). "
            "Bring its folder (config.json, model.safetensors, tokenizer files) to this machine and give its path."
        ) from error


def _folder_of(name: str) -> str | None:
    """The folder that is named, or that of the cache; None if there is none.

    Readers are given folders, for even with ``local_files_only`` some of them ask the network about a name.
    """
    if Path(name).exists():
        return name
    from huggingface_hub import snapshot_download  # comes with transformers

    try:
        return str(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):
        return None


def _may_download(name: str) -> bool:
    """Whether it is a published name, in a training. What is, or would lie, in a folder that exists is meant as a path."""
    place = _EXPERIMENT.get()
    if place is None or not place.is_training or not PUBLISHED_NAME.fullmatch(name):
        return False
    return not Path(name).exists() and ("/" not in name or not Path(name).parent.is_dir())

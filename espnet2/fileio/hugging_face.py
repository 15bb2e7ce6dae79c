"""Hugging Face's ``transformers``: the one place that imports it.

A model is named by its folder, or by a name that is in Hugging Face's cache on this machine. Only if it is nowhere is a
download tried, and the log says so.
"""
import logging
from pathlib import Path
from typing import Any

from espnet2.utils.errors import InputError


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


def from_pretrained(auto_class: str, name: str, **kwargs: Any) -> Any:
    """``transformers.<auto_class>.from_pretrained``, from this machine if possible.

    Args:
        auto_class: Such as ``AutoModel``.
        name: A folder, or the name of a published model.
        **kwargs: Handed on.

    Raises:
        InputError: If the model is nowhere, or is of another kind.
    """
    reader = getattr(transformers(), auto_class)
    try:
        return reader.from_pretrained(name, local_files_only=True, **kwargs)
    except (OSError, ValueError, RuntimeError) as error:
        if Path(name).exists():
            raise InputError(f"{name} cannot be read as {auto_class} of transformers: {str(error)[:300]}") from error
    logging.warning(f"{name} is not on this machine; trying to download it from Hugging Face")
    try:
        return reader.from_pretrained(name, **kwargs)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{name} is neither a folder, nor in the cache of Hugging Face, nor can it be downloaded ({str(error)[:150]}). "
            "Bring its folder (config.json, model.safetensors, tokenizer files) to this machine and give its path."
        ) from error

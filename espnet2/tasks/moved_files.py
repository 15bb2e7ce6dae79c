"""Files that a ``config.yaml`` names, found again after the experiment was moved or packed.

A packed model says in its ``meta.yaml`` which configurations are in it, and lies as its recipe lay: there a path of the
configuration is one below the package's folder. Elsewhere, a path that leads nowhere is looked for beside the
configuration and in the folders above it by its end: ``exp/asr_stats/train/feats_stats.npz``, then ``asr_stats/train/...``, and
so on; last by the mere name, below the configuration's folder or in the package.
"""

import glob
import logging
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from espnet2.config.yaml import load_yaml

META = "meta.yaml"
# Keys of a configuration, at any depth, whose value is a file that inference reads.
FILE_KEYS = frozenset(["stats_file", "bpemodel", "token_list", "non_linguistic_symbols"])
FOLDERS_ABOVE = 2  # exp and the recipe
MOST_FOLDERS_OF_A_PACKAGE = 8


def find_moved_files(config: dict[str, Any], config_file: str | os.PathLike) -> list[tuple[str, str]]:
    """Replace paths that lead nowhere by those of the files that are meant, and say so in the log.

    Args:
        config: The configuration; changed in place.
        config_file: Where it was read from.
    Returns:
        (key, path) of those that were not found. Whoever needs them refuses them.
    """
    package = package_of(config_file)
    lost = []
    for holder, key, dotted in _file_keys(config, ""):
        path = holder[key]
        found = _find(path, Path(os.path.abspath(config_file)).parent, package)
        if found is None:
            lost.append((dotted, path))
        elif found != path:
            logging.info(f"{config_file}: {dotted}: {path} is taken from {found}")
            holder[key] = found
    return lost


def find_file(path: str, config_file: str | os.PathLike) -> str | None:
    """The file of weights that a path of a configuration means; None if there is none.

    A mere name does not do: files of other weights often have the same one.
    """
    return _find(path, Path(os.path.abspath(config_file)).parent, package_of(config_file), by_name=False)


def package_of(config_file: str | os.PathLike) -> Path | None:
    """The folder of the packed model that a configuration belongs to; None if it is of none."""
    config_path = Path(os.path.abspath(config_file))  # links are not followed: a package may consist of them
    for folder in config_path.parents[:MOST_FOLDERS_OF_A_PACKAGE]:
        if (folder / META).is_file():
            listed = load_yaml(folder / META).get("yaml_files")
            is_ours = isinstance(listed, dict) and config_path.relative_to(folder).as_posix() in listed.values()
            return folder if is_ours else None
    return None


def _file_keys(config: dict[str, Any], prefix: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _file_keys(value, f"{prefix}{key}.")
        elif key in FILE_KEYS and isinstance(value, str):
            yield config, key, f"{prefix}{key}"


def _find(path: str, beside: Path, package: Path | None, by_name: bool = True) -> str | None:
    """The path itself if there is such a file; else the file that is meant."""
    if package is not None and not os.path.isabs(path) and (package / path).is_file():
        return str(package / path)  # even if there is one in the working directory: that may be another recipe's
    if os.path.isfile(path):
        return path
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..", ".")]
    folders = [package] if package is not None else []
    for folder in (*folders, beside, *beside.parents[:FOLDERS_ABOVE]):
        for first in range(len(parts) - 1):
            if folder.joinpath(*parts[first:]).is_file():
                return str(folder.joinpath(*parts[first:]))
    named = (
        []
        if not parts or not by_name
        else [file for file in (package or beside).rglob(glob.escape(parts[-1])) if file.is_file()]
    )
    return str(named[0]) if len(named) == 1 else None

"""The folder of a packed model: ``meta.yaml`` names its files by what they are for.

``files`` holds weights and ``yaml_files`` configurations, each ``{option: path below the folder}``. Published models have the
same layout; Hugging Face keeps them as ``models--<owner>--<name>/snapshots/<revision>``.
"""

import os
from pathlib import Path
from typing import Any

from espnet2.config.yaml import load_yaml
from espnet2.tasks.moved_files import META
from espnet2.utils.errors import InputError

NEEDED = ("asr_train_config", "asr_model_file")
KNOWN = (*NEEDED, "lm_train_config", "lm_file")


def packed_recogniser(folder: Path) -> dict[str, str]:
    """The files of a packed recogniser, and of the language model packed with it.

    Raises:
        InputError: If ``meta.yaml`` is malformed, is of another kind of model, or a file is not there.
    """
    files = packed_files(folder)
    missing = [key for key in NEEDED if key not in files]
    if missing:
        raise InputError(
            f"{folder / META} names no {', '.join(missing)}, so this is no packed recogniser (it has: {', '.join(files)})."
        )
    return {key: path for key, path in files.items() if key in KNOWN}


def packed_files(folder: Path) -> dict[str, str]:
    """All files that ``meta.yaml`` names, by their options.

    Raises:
        InputError: If it is malformed, or a file lies outside the folder or is not there.
    """
    meta = load_yaml(folder / META)
    found = {}
    for kind in ("files", "yaml_files"):
        named: Any = meta.get(kind)
        if not isinstance(named, dict):
            raise InputError(f"{folder / META}: '{kind}' must hold 'option: path' lines.")
        for key, name in named.items():
            if name is None:
                continue
            path = folder / str(name)
            if os.path.isabs(str(name)) or ".." in path.parts:
                raise InputError(f"{folder / META}: {key}: refused, the path '{name}' leaves the folder.")
            if not path.is_file():
                raise InputError(f"{folder / META}: {key}: there is no file {path}; unpack or download the model anew.")
            found[str(key)] = str(path)
    return found


def snapshot_of(folder: Path) -> Path:
    """The folder with the files of a model in Hugging Face's cache; other folders are returned as they are.

    Raises:
        InputError: If several revisions are there and none is the main one.
    """
    if not (folder / "snapshots").is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file() and (snapshot := folder / "snapshots" / main.read_text(encoding="utf-8").strip()).is_dir():
        return snapshot
    snapshots = sorted(path for path in (folder / "snapshots").iterdir() if path.is_dir())
    if len(snapshots) != 1:
        raise InputError(f"{folder}: {len(snapshots)} revisions below snapshots/ and no refs/main; name one of them.")
    return snapshots[0]

"""The files of a training: their names, and how they are written so that a crash or a full disk loses nothing.

``checkpoint.pth`` holds all that a resumed run needs, ``checkpoint.prev.pth`` is its predecessor, ``{N}epoch.pth``
holds the weights after epoch N. Links such as ``valid.acc.best.pth`` name epochs. All hold tensors in plain containers and are
read as such.
"""

import datetime
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import DISK_FULL, InputError

CHECKPOINT = "checkpoint.pth"
PREVIOUS = "checkpoint.prev.pth"
LATEST = "latest.pth"
LFS_POINTER = b"version https://git-lfs"
_SCALAR = np.float64(0).__reduce__()[0]
# What checkpoints of ESPnet2 hold beside tensors, its reporter's times and values: data and nothing that runs.
PLAIN_TYPES = [
    datetime.timedelta,
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "?")),
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),  # its name before numpy 2
]


def epoch_name(epoch: int) -> str:
    """The weights after an epoch: ``12epoch.pth``."""
    return f"{epoch}epoch.pth"


def best_name(criterion: str) -> str:
    """The link to the best epoch by a criterion such as ``valid.acc``: ``valid.acc.best.pth``."""
    return f"{criterion}.best.pth"


def average_name(criterion: str, nbest: int | None = None, till: int | None = None) -> str:
    """The mean of the best epochs: ``valid.acc.ave_10best.pth``; ``valid.acc.ave.pth`` links to the largest."""
    count = "" if nbest is None else f"_{nbest}best"
    until = "" if till is None else f".till{till}epoch"
    return f"{criterion}.ave{count}{until}.pth"


@contextmanager
def full_disk_is_told(directory: Path) -> Iterator[None]:
    """Turn the error of a full disk into a message that says what is safe and what to do.

    Raises:
        InputError: If the block fails because nothing more can be written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if not _is_full(error):
            raise
        free = shutil.disk_usage(directory).free / 1e6
        raise InputError(
            f"The disk is full or a quota is reached: {error}. {directory} has {free:.0f} MB free. Earlier files are whole: "
            "make room and run the same command with --resume true."
        ) from error


def _is_full(error: BaseException | None) -> bool:
    while error is not None:  # torch.save wraps the error of the file in one of its own
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def save(state: Mapping[str, Any], path: Path) -> None:
    """Write tensors in plain containers; the file is there whole or not at all."""
    with atomic_write(path) as stream:
        torch.save(state, stream)


def save_checkpoint(state: Mapping[str, Any], directory: Path) -> None:
    """Write ``checkpoint.pth``; the one before it stays as ``checkpoint.prev.pth``."""
    path, new = directory / CHECKPOINT, directory / f"{CHECKPOINT}.new"
    save(state, new)
    if path.exists():
        os.replace(path, directory / PREVIOUS)
    os.replace(new, path)


def read(path: str | os.PathLike, map_location: str | torch.device = "cpu") -> Any:
    """Tensors in plain containers; nothing in the file is run.

    Raises:
        InputError: If the file is missing, damaged, or holds anything else.
    """
    try:
        with torch.serialization.safe_globals(PLAIN_TYPES):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # what damaged bytes make of the reader can be any error
        raise InputError(_why_unreadable(path, error)) from error


def _why_unreadable(path: str | os.PathLike, error: Exception) -> str:
    told = f"{path} cannot be read as tensors"
    if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return f"{told}: refused, it also holds '{found[1]}', which could run code"
    if os.path.isfile(path):
        with open(path, "rb") as stream:
            if stream.read(len(LFS_POINTER)) == LFS_POINTER:
                return f"{told}: it is a pointer of git-lfs; run 'git lfs pull' in its folder, or download it anew"
    return f"{told}: {repr(error)[:150]}"


def load_checkpoint(directory: Path, map_location: str | torch.device = "cpu") -> tuple[Mapping[str, Any], Path] | None:
    """The newest checkpoint that can be read, and its path; None if there is none.

    Raises:
        InputError: If there are checkpoints and none can be read.
    """
    failures: list[str] = []
    for path in (directory / CHECKPOINT, directory / PREVIOUS):
        if not path.exists():
            continue
        try:
            state = read(path, map_location)
        except InputError as error:
            failures.append(str(error))
            continue
        if failures:
            logging.warning(f"{failures[0]}; its predecessor {path} is used")
        return state, path
    if failures:
        raise InputError(f"{'; '.join(failures)}. Remove them to start anew, or use --init_param with an older model.")
    return None


def link(directory: Path, name: str, target: str) -> None:
    """Make ``name`` a relative link to ``target`` in the same directory, in one step."""
    temporary = directory / f".{name}.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, directory / name)


def prune(directory: Path, epochs: Iterable[int], keep: set[int]) -> list[str]:
    """Remove the weights of epochs that are not to be kept; the removed names."""
    removed = []
    for epoch in epochs:
        path = directory / epoch_name(epoch)
        if epoch not in keep and path.exists():
            path.unlink()
            removed.append(str(path))
    return removed

"""Files named by ids of a corpus, which may hold slashes but must not lead elsewhere."""

import os
from pathlib import Path

from espnet2.utils.errors import InputError


def path_below(folder: str | os.PathLike, name: str) -> Path:
    """``folder/name``.

    Raises:
        InputError: If the name is absolute or climbs with ``..``, and so could overwrite files elsewhere.
    """
    if os.path.isabs(name) or ".." in Path(name).parts:
        raise InputError(f"'{name}' cannot be a file below {folder}: give the utterance an id without '..' and leading '/'")
    return Path(folder) / name

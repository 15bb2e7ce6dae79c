"""Tables dealt out in turn, for corpora that are trained on one part after another."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

from espnet2.fileio.read_text import read_lines
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError


def split_scps(
    scps: Sequence[str | os.PathLike], names: Sequence[str] | None, num_splits: int, output_dir: str | os.PathLike
) -> None:
    """Write line k of each table into ``<output_dir>/<name>/split.<k mod num_splits>``, and ``num_splits`` beside them.

    Args:
        scps: Tables with the same ids in the same order.
        names: Folder names; those of the files if None.
        num_splits: Number of parts, at least 2.
        output_dir: Where the folders go.
    Raises:
        InputError: If the ids differ (names both files and the line), or there are fewer lines than parts.
    """
    if num_splits < 2:
        raise InputError(f"--num_splits {num_splits}: at least 2")
    names = names or [Path(scp).name for scp in scps]
    if len(set(names)) != len(scps):
        raise InputError(f"{len(scps)} --scps need as many different --names, not {', '.join(names)}")
    with ExitStack() as files:
        outputs = [
            [files.enter_context(atomic_write(Path(output_dir) / name / f"split.{i}", "w")) for i in range(num_splits)]
            for name in names
        ]
        number = 0
        tables = [(line for _, line in read_lines(scp)) for scp in scps]
        for number, lines in enumerate(zip_longest(*tables, fillvalue=""), 1):
            ids = ["".join(line.split(maxsplit=1)[:1]) for line in lines]
            for scp, key in zip(scps, ids):
                if key != ids[0]:
                    raise InputError(f"{scp}:{number}: id '{key}' where {scps[0]} has '{ids[0]}'; sort both alike")
            for line, parts in zip(lines, outputs):
                parts[(number - 1) % num_splits].write(f"{line}\n")
        if number < num_splits:
            raise InputError(f"{scps[0]}: {number} lines cannot be dealt into {num_splits} parts")
    for name in names:
        with atomic_write(Path(output_dir) / name / "num_splits", "w") as stream:
            stream.write(f"{num_splits}\n")

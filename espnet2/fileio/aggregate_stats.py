"""The statistics of parallel jobs made one.

Each job's folder holds, for ``train`` and ``valid``: ``batch_keys`` and ``stats_keys`` (names, one a line),
``<batch key>_shape`` tables, ``<stats key>_stats.npz`` sums, and perhaps ``collect_feats/<stats key>.scp``.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from espnet2.fileio.read_text import read_2columns_text, read_lines
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError


def aggregate_stats_dirs(
    input_dirs: Sequence[str | os.PathLike], output_dir: str | os.PathLike, skip_sum_stats: bool = False
) -> None:
    """Concatenate the tables and add the sums of several statistics folders.

    Args:
        input_dirs: The jobs' folders.
        output_dir: Gets ``train/`` and ``valid/``.
        skip_sum_stats: Leave the sums out.
    Raises:
        InputError: If a job left a file out, or two have the same utterance.
    """
    for mode in ("train", "valid"):
        folders = [Path(folder) / mode for folder in input_dirs]
        sources = [folder for folder in folders if _names(folder / "batch_keys")]  # others left all utterances out
        if not sources:
            raise InputError(f"{folders[0]}, ...: no utterance of the {mode} data can be used; the jobs' logs tell why")
        target = Path(output_dir) / mode
        for key in _names(sources[0] / "batch_keys"):
            _join_tables([source / f"{key}_shape" for source in sources], target / f"{key}_shape", in_order=True)
        for key in _names(sources[0] / "stats_keys"):
            if not skip_sum_stats:
                _add_sums([source / f"{key}_stats.npz" for source in sources], target / f"{key}_stats.npz")
            features = [source / "collect_feats" / f"{key}.scp" for source in sources]
            if features[0].exists():
                _join_tables(features, target / "collect_feats" / f"{key}.scp")
    logging.info("%d folders aggregated into %s", len(input_dirs), output_dir)


def _names(path: Path) -> list[str]:
    return [line.strip() for _, line in read_lines(path) if line.strip()]


def _join_tables(sources: Sequence[Path], target: Path, in_order: bool = False) -> None:
    seen: dict[str, Path] = {}
    with atomic_write(target, "w") as stream:
        for source in sources:
            table = read_2columns_text(source)
            for key in sorted(table) if in_order else table:
                if key in seen:
                    raise InputError(f"{source}: '{key}' stands in {seen[key]} already; were the jobs split anew?")
                seen[key] = source
                stream.write(f"{key} {table[key]}\n")


def _add_sums(sources: Sequence[Path], target: Path) -> None:
    totals: dict[str, np.ndarray] = {}
    for source in sources:
        for name, array in _arrays(source):
            totals[name] = totals[name] + array if name in totals else array
    with atomic_write(target) as stream:
        np.savez(stream, **totals)  # type: ignore[arg-type]


def _arrays(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    try:
        with np.load(path) as archive:
            yield from archive.items()
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run that job of the statistics stage again") from None

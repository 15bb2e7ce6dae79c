"""The one door to batching: from shape files and options to a plan."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from espnet2.fileio.corpus_index import ScpIndex
from espnet2.fileio.id_alignment import rows_of
from espnet2.samplers.batch_plan import BatchPlan
from espnet2.samplers.batch_types import PLAIN_TYPES, BatchSettings, Corpus
from espnet2.samplers.category import CATEGORY_TYPES
from espnet2.samplers.corpus import read_corpus, read_ids
from espnet2.samplers.options import BATCH_TYPES, BatchOptions
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

_BY_SIZE = ("unsorted", "sorted", "folded", "catbel")


def build_batch_plan(
    batch_type: str, shape_files: Sequence[str | os.PathLike], seed: int = 0, **settings: Any
) -> BatchPlan:
    """Deal a corpus into mini-batches.

    Args:
        batch_type: One of ``BATCH_TYPES``.
        shape_files: ``id d0[,d1,..]`` files with the same ids; the first one's order and lengths decide.
        seed: For the category types, which draw.
        **settings: Fields of ``BatchSettings``.
    Returns:
        Batches of row numbers into the first shape file.
    Raises:
        InputError: If the type is unknown, files do not fit, or no batch comes out.
    """
    corpus = (read_ids if batch_type == "unsorted" else read_corpus)(shape_files)
    return plan_corpus(corpus, batch_type, BatchSettings(**settings), seed)


def plan_corpus(corpus: Corpus, batch_type: str, settings: BatchSettings, seed: int = 0) -> BatchPlan:
    """As ``build_batch_plan``, for a corpus that is read already (a category iterator draws a plan each epoch)."""
    if batch_type in CATEGORY_TYPES:
        rows, offsets = CATEGORY_TYPES[batch_type](corpus, settings, np.random.RandomState(seed % 2**32))
    elif batch_type in PLAIN_TYPES:
        settings = dataclasses.replace(settings, categories=_categories(settings.utt2category_file, corpus))
        rows, offsets = PLAIN_TYPES[batch_type](corpus, settings)
    else:
        raise InputError(f"batch_type '{batch_type}' is unknown.{did_you_mean(batch_type, BATCH_TYPES)}")
    if len(offsets) < 2:
        raise InputError(
            f"No batch: {len(corpus.ids)} utterances do not fill one of batch_type {batch_type} and the last one is "
            "dropped; make batches smaller or give --drop_last_iter false."
        )
    return BatchPlan(corpus.ids, rows, offsets, _describe(batch_type, settings))


def settings_of(
    options: BatchOptions, train: bool, world_size: int = 1, data_file: str | os.PathLike | None = None
) -> tuple[str, list[str], BatchSettings]:
    """Batch type, shape files and settings of the training or the valid set.

    Args:
        options: As the user gave them; ``valid_*`` without a value follow the training.
        train: Which set.
        world_size: Number of ranks; a batch has at least one utterance for each.
        data_file: The first data file. ``utt2category``, ``category2utt``, ``dataset2utt`` are looked for beside it.
    """

    def chosen(name: str) -> Any:
        value = None if train else getattr(options, f"valid_{name}")
        return getattr(options, name) if value is None else value

    beside = Path(data_file).parent if data_file is not None else None
    files: dict[str, Any] = {
        f"{name}_file": str(beside / name) if beside is not None and (beside / name).exists() else None
        for name in ("utt2category", "category2utt", "dataset2utt")
    }
    batch_type = chosen("batch_type")
    iterator_type = options.iterator_type if train else options.valid_iterator_type or options.iterator_type
    if iterator_type == "category" and batch_type == "folded":
        batch_type = "catbel"
    same = [
        *("sort_in_batch", "sort_batch", "max_batch_size", "upsampling_factor"),
        *("category_upsampling_factor", "dataset_upsampling_factor", "dataset_scaling_factor"),
    ]
    settings = BatchSettings(
        batch_size=chosen("batch_size"),
        batch_bins=chosen("batch_bins"),
        fold_lengths=tuple(options.fold_length),
        drop_last=options.drop_last_iter,
        min_batch_size=max(options.min_batch_size, world_size),
        **files,
        **{name: getattr(options, name) for name in same},
    )
    return batch_type, list(options.train_shape_file if train else options.valid_shape_file), settings


def _categories(path: str | None, corpus: Corpus) -> np.ndarray | None:
    """A number for each utterance's category (n,), or None without a file."""
    if path is None or not isinstance(corpus.ids, ScpIndex):
        return None
    table = ScpIndex(path)
    rows = rows_of(corpus.ids, table)
    if (rows < 0).any():
        example = corpus.ids.id_at(int(np.argmax(rows < 0)))
        raise InputError(f"{path}: has no category for {(rows < 0).sum()} utterances, such as '{example}'.")
    names: dict[str, int] = {}
    numbers = np.fromiter((names.setdefault(value, len(names)) for _, value in table.items()), np.int64, len(table))
    return numbers[rows]


def _describe(batch_type: str, settings: BatchSettings) -> str:
    """The log's words: only what this type heeds."""
    size = "batch_size" if batch_type in _BY_SIZE else "batch_bins"
    words = [f"batch_type={batch_type}", f"{size}={getattr(settings, size)}"]
    if batch_type == "folded":
        words.append(f"fold_lengths={settings.fold_lengths}")
    if batch_type != "unsorted":
        words.append(f"sort_in_batch={settings.sort_in_batch}, sort_batch={settings.sort_batch}")
    other = "batch_bins" if size == "batch_size" else "batch_size"
    return f"{', '.join(words)} ({other} is not used)"

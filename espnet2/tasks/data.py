"""From a task's options to the batches of training, validation, statistics and plots."""

import argparse
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from espnet2.config.options import from_args
from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.iterators.category_iter_factory import CategoryIterFactory
from espnet2.iterators.chunk_iter_factory import ChunkIterFactory
from espnet2.iterators.multiple_iter_factory import MultipleIterFactory, split_iters
from espnet2.iterators.sequence_iter_factory import SequenceIterFactory
from espnet2.iterators.streaming_iterator import StreamingIterator
from espnet2.samplers.batch_plan import BatchPlan
from espnet2.samplers.build_batch_sampler import build_batch_plan, plan_corpus, settings_of
from espnet2.samplers.corpus import read_corpus
from espnet2.samplers.options import BatchOptions
from espnet2.train.data_options import DataOptions
from espnet2.train.dataset import ESPnetDataset
from espnet2.train.distributed import Distributed
from espnet2.train.input_needs import InputNeeds
from espnet2.utils.errors import InputError
from espnet2.utils.types import str2triple_str

Files = Sequence[tuple[str, str, str]]


def data_files(args: argparse.Namespace, mode: str) -> Files:
    """``(path, name, type)`` of the training or validation data."""
    given = getattr(args, f"{mode}_data_path_and_name_and_type")
    triples = [str2triple_str(words) if isinstance(words, str) else words for words in given]
    return [(path, name, kind) for path, name, kind in triples]


def build_dataset(
    task: Any, args: argparse.Namespace, mode: str, needs: InputNeeds, files: Files | None = None, share: int = 1
) -> ESPnetDataset:
    """The utterances of a set.

    Args:
        task: Whose preprocessing.
        args: All options.
        mode: ``train`` or ``valid``.
        needs: What the model asks of them.
        files: Other files than the options name.
        share: Into how many data sets the cache is divided.
    """
    files = data_files(args, mode) if files is None else files
    options = from_args(DataOptions, args)
    train = mode == "train"
    task.check_task_requirements([name for _, name, _ in files], args.allow_variable_data_keys, train)
    cache = options.max_cache_size if train else options.valid_max_cache_size
    if cache is None:
        cache = options.max_cache_size // 20
    dataset = ESPnetDataset(
        files,
        preprocess=task.build_preprocess_fn(args, train),
        float_dtype="float32" if args.train_dtype == "float16" else args.train_dtype,
        max_cache_size=cache // share,
        max_cache_fd=options.max_cache_fd,
        allow_multi_rates=options.allow_multi_rates,
        needs=needs,
    )
    logging.info(f"[{mode}] dataset:\n{dataset}")
    return dataset


def build_iter_factory(
    task: Any, args: argparse.Namespace, mode: str, distributed: Distributed, needs: InputNeeds
) -> AbsIterFactory:
    """Batches of a set, by ``iterator_type`` and ``multiple_iterator``.

    Raises:
        InputError: If the iterator type is not there, or the data do not fit.
    """
    options = from_args(BatchOptions, args)
    if mode == "train" and options.multiple_iterator:
        return _split_factories(task, args, options, distributed, needs)
    return _one_factory(task, args, mode, options, distributed, needs, data_files(args, mode))


def _one_factory(
    task: Any,
    args: argparse.Namespace,
    mode: str,
    options: BatchOptions,
    distributed: Distributed,
    needs: InputNeeds,
    files: Files,
    share: int = 1,
) -> AbsIterFactory:
    train = mode == "train"
    kind = options.iterator_type if train else options.valid_iterator_type or options.iterator_type
    batch_type, shape_files, settings = settings_of(options, train, distributed.world_size, files[0][0])
    common: dict[str, Any] = {
        "seed": args.seed,
        "shuffle": train,
        "num_iters_per_epoch": options.num_iters_per_epoch if train else None,
        "num_workers": args.num_workers,
        "collate_fn": task.build_collate_fn(args, train),
        "pin_memory": args.ngpu > 0,
        "rank": distributed.rank,
        "world_size": distributed.world_size,
        "max_bad_utterances": args.max_bad_utterances,
    }
    dataset = build_dataset(task, args, mode, needs, files, share)
    if kind == "chunk":
        return _chunk_factory(dataset, options, shape_files, settings.batch_size, common)
    if kind == "category":
        corpus = read_corpus(shape_files)
        factory = CategoryIterFactory(
            dataset,
            lambda seed: plan_corpus(corpus, batch_type, settings, seed),
            shuffle_within_batch=options.shuffle_within_batch and train,
            **common,
        )
        _log_plan(mode, factory.plan)
        return factory
    if kind != "sequence":
        raise InputError(f"iterator_type: {kind} does not train {task.__name__}; sequence, category or chunk do.")
    plan = build_batch_plan(batch_type, shape_files, args.seed, **vars(settings))
    _log_plan(mode, plan)
    return SequenceIterFactory(dataset, plan, shuffle_within_batch=options.shuffle_within_batch and train, **common)


def _log_plan(mode: str, plan: BatchPlan) -> None:
    logging.info(f"[{mode}] Batch sampler: {plan!r}")
    logging.info(f"[{mode}] {plan.summary()}")


def _split_factories(
    task: Any, args: argparse.Namespace, options: BatchOptions, distributed: Distributed, needs: InputNeeds
) -> MultipleIterFactory:
    """Training files are folders of splits; each split has a factory, built when its turn comes."""
    splits = splits_of(data_files(args, "train"), options.train_shape_file)
    iters = split_iters(options.num_iters_per_epoch, len(splits))

    def build(files: Files, shape_files: list[str], count: int | None) -> Callable[[], AbsIterFactory]:
        own = replace(options, train_shape_file=shape_files, num_iters_per_epoch=count)
        return lambda: _one_factory(task, args, "train", own, distributed, needs, files, share=len(splits))

    builders = [build(*split, count) for split, count in zip(splits, iters)]
    return MultipleIterFactory(builders, args.seed, shuffle=True)


def splits_of(files: Files, shape_files: Sequence[str]) -> list[tuple[Files, list[str]]]:
    """The data and shape files of each split, where the paths are folders made by ``split_scps``.

    Raises:
        InputError: If they are not.
    """
    path = Path(files[0][0]) / "num_splits"
    try:
        number = int(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: with --multiple_iterator true the data are folders made by split_scps ({error}).") from error
    return [
        ([(f"{p}/split.{i}", name, kind) for p, name, kind in files], [f"{p}/split.{i}" for p in shape_files])
        for i in range(number)
    ]


def _chunk_factory(
    dataset: ESPnetDataset, options: BatchOptions, shape_files: list[str], batch_size: int, common: dict[str, Any]
) -> ChunkIterFactory:
    return ChunkIterFactory(
        dataset,
        read_corpus(shape_files).ids,
        batch_size=batch_size,
        chunk_length=options.chunk_length,
        chunk_shift_ratio=options.chunk_shift_ratio,
        num_cache_chunks=options.num_cache_chunks,
        excluded_key_prefixes=options.chunk_excluded_key_prefixes,
        default_fs=options.chunk_default_fs,
        chunk_max_abs_length=options.chunk_max_abs_length,
        discard_short_samples=options.chunk_discard_short_samples,
        **common,
    )


def build_plot_iter_factory(task: Any, args: argparse.Namespace, needs: InputNeeds) -> SequenceIterFactory:
    """The first ``num_att_plot`` validation utterances, one at a time, the same ones each epoch."""
    plan = build_batch_plan("unsorted", args.valid_shape_file, batch_size=1).head(args.num_att_plot)
    dataset = build_dataset(task, args, "valid", needs)
    return SequenceIterFactory(dataset, plan, collate_fn=task.build_collate_fn(args, False))


def build_stats_iterator(task: Any, args: argparse.Namespace, mode: str, needs: InputNeeds) -> StreamingIterator:
    """A set read once, for its statistics; training data are read as in validation, without augmentation."""
    files = data_files(args, mode)
    shape_files = getattr(args, f"{mode}_shape_file")
    task.check_task_requirements([name for _, name, _ in files], args.allow_variable_data_keys, mode == "train")
    dataset = ESPnetDataset(
        files,
        preprocess=task.build_preprocess_fn(args, False),
        float_dtype="float32" if args.train_dtype == "float16" else args.train_dtype,
        allow_multi_rates=args.allow_multi_rates,
        needs=needs,
    )
    return StreamingIterator(
        dataset,
        task.build_collate_fn(args, False),
        batch_size=args.batch_size,
        key_file=shape_files[0] if shape_files else None,
        num_workers=args.num_workers,
        max_bad_utterances=args.max_bad_utterances,
    )

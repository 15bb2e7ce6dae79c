"""A pass over all data before training: the length of every utterance, and sums from which mean and variance are made.

Sums are taken in float64 batch by batch: the memory needed does not grow with the corpus, and no precision is lost.
"""

import logging
from collections.abc import Iterable, Mapping, Sized
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from espnet2.fileio.npy_scp import NpyScpWriter
from espnet2.train.abs_espnet_model import AbsESPnetModel
from espnet2.utils.atomic import atomic_write

Batches = Iterable[tuple[list[str], dict[str, Tensor]]]


@torch.no_grad()
def collect_stats(
    model: AbsESPnetModel,
    train_iter: Batches,
    valid_iter: Batches,
    output_dir: str | Path,
    device: torch.device | str = "cpu",
    log_interval: int | None = None,
    write_collected_feats: bool = False,
) -> None:
    """Write shapes and statistics to ``<output_dir>/train`` and ``<output_dir>/valid``.

    In each: ``<name>_shape`` (``utt 123,80``) for every item of the batches, ``<name>_stats.npz`` (``count``, ``sum``,
    ``sum_square``) for everything that ``model.collect_feats`` returns, the lists ``batch_keys`` and ``stats_keys``,
    and the features themselves if asked for.

    Args:
        model: Its ``collect_feats`` is called, in evaluation mode.
        train_iter: (ids, batch) of the training data.
        valid_iter: The same of the validation data.
        output_dir: Where to.
        device: Where features are computed.
        log_interval: Batches between two log lines; a twentieth of them by default.
        write_collected_feats: Write each utterance's features as ``.npy``.
    """
    model.eval()
    for mode, batches in (("train", train_iter), ("valid", valid_iter)):
        directory = Path(output_dir) / mode
        directory.mkdir(parents=True, exist_ok=True)
        _collect(model, batches, directory, device, log_interval, write_collected_feats)


def _collect(model, batches: Batches, directory: Path, device, log_interval: int | None, write_feats: bool) -> None:
    log_interval = log_interval or (max(len(batches) // 20, 10) if isinstance(batches, Sized) else 100)
    sums: dict[str, RunningSums] = {}
    with ExitStack() as stack:
        shapes, writers = _ShapeFiles(directory, stack), _FeatureFiles(directory, stack)
        for number, (ids, batch) in enumerate(batches, 1):
            shapes.write(ids, batch)
            batch = {name: value.to(device) for name, value in batch.items()}
            feats = model.collect_feats(**batch) if model.extract_feats_in_collect_stats else {}
            for name, values in feats.items():
                lengths = feats.get(f"{name}_lengths")
                sums.setdefault(name, RunningSums()).add(values, lengths)
                if write_feats:
                    writers.write(ids, name, values, lengths)
            if number % log_interval == 0:
                logging.info(f"Niter: {number}")
    for name, own in sums.items():
        with atomic_write(directory / f"{name}_stats.npz") as stream:
            np.savez(stream, count=own.count, sum=own.sum, sum_square=own.sum_square)
    for list_name, names in (("batch_keys", shapes.names), ("stats_keys", sums)):
        with atomic_write(directory / list_name, "w") as stream:
            stream.writelines(f"{name}\n" for name in names)


class RunningSums:
    """Sums over all frames seen: ``count``, ``sum`` and ``sum_square``, in float64.

    Values without a time axis, such as lengths, are one frame per utterance.
    """

    def __init__(self) -> None:
        self.count = 0
        self.sum: Any = 0.0
        self.sum_square: Any = 0.0

    def add(self, values: Tensor, lengths: Tensor | None = None) -> None:
        """Add a batch.

        Shapes:
            values (B, T, ...) with lengths (B,), or (B, ...) without
        """
        values = values.double()
        if lengths is None:
            self.count += len(values)
            axes: tuple[int, ...] = (0,)
        else:
            frames = torch.arange(values.shape[1], device=values.device)
            padding = frames >= lengths.to(values.device)[:, None]  # (B, T)
            values = values.masked_fill(padding.reshape(*padding.shape, *[1] * (values.ndim - 2)), 0.0)
            self.count += int(lengths.sum())
            axes = (0, 1)
        self.sum = self.sum + values.sum(axes).cpu().numpy()
        self.sum_square = self.sum_square + values.square().sum(axes).cpu().numpy()


class _ShapeFiles:
    """``<name>_shape``, one open file per item of a batch."""

    def __init__(self, directory: Path, stack: ExitStack):
        self.directory = directory
        self.stack = stack
        self.files: dict[str, IO[str]] = {}

    @property
    def names(self) -> list[str]:
        return list(self.files)

    def write(self, ids: list[str], batch: Mapping[str, Tensor]) -> None:
        for name, values in batch.items():
            if name.endswith("_lengths"):
                continue
            if name not in self.files:
                self.files[name] = self.stack.enter_context(atomic_write(self.directory / f"{name}_shape", "w"))
            lengths = batch.get(f"{name}_lengths")
            for index, utterance in enumerate(ids):
                shape = list(values.shape[1:])
                if lengths is not None:
                    shape[0] = int(lengths[index])
                self.files[name].write(f"{utterance} {','.join(map(str, shape))}\n")


class _FeatureFiles:
    """``collect_feats/<name>.scp`` with ``collect_feats/data_<name>/<utterance>.npy``."""

    def __init__(self, directory: Path, stack: ExitStack):
        self.directory = directory / "collect_feats"
        self.stack = stack
        self.writers: dict[str, NpyScpWriter] = {}

    def write(self, ids: list[str], name: str, values: Tensor, lengths: Tensor | None) -> None:
        if name not in self.writers:
            writer = NpyScpWriter(self.directory / f"data_{name}", self.directory / f"{name}.scp")
            self.writers[name] = self.stack.enter_context(writer)
        for index, utterance in enumerate(ids):
            own = values[index] if lengths is None else values[index, : int(lengths[index])]
            self.writers[name][utterance] = own.cpu().numpy()

"""Where a training shows itself besides its log: tensorboard, curves, Weights & Biases. Only rank 0 has any."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from espnet2.train.abs_monitor import AbsMonitor
from espnet2.train.options import TrainerOptions
from espnet2.train.reporter import RESERVED, Reporter
from espnet2.utils.errors import InputError


class TensorBoard(AbsMonitor):
    """Writes ``tensorboard/train`` and ``tensorboard/valid``; values under their bare names, by number of batches.

    Raises:
        InputError: If tensorboard is not installed.
    """

    def __init__(self, directory: Path, with_graph: bool = False):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise InputError("use_tensorboard needs: pip install tensorboard (or --use_tensorboard false)") from error
        self.with_graph = with_graph
        self.writers = {phase: SummaryWriter(str(directory / phase)) for phase in ("train", "valid")}

    def interval(self, averages: Mapping[str, float], step: int) -> None:
        """See the base class."""
        for name, value in averages.items():
            self.writers["train"].add_scalar(name, value, step)

    def epoch(self, reporter: Reporter, step: int) -> None:
        """See the base class."""
        self.writers["train"].add_scalar("iter_epoch", reporter.epoch, step)
        for phase, writer in self.writers.items():
            for name, value in reporter.stats[reporter.epoch].get(phase, {}).items():
                if name not in RESERVED:
                    writer.add_scalar(name, value, step)
            writer.flush()

    def picture(self, name: str, path: Path, epoch: int) -> None:
        """Hand the file over as it is: ``add_image`` would encode it anew, which takes longer than drawing it."""
        from PIL import Image
        from tensorboard.compat.proto.summary_pb2 import Summary

        with Image.open(path) as image:
            width, height = image.size
        picture = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=path.read_bytes())
        summary = Summary(value=[Summary.Value(tag=name, image=picture)])
        self.writers["train"].file_writer.add_summary(summary, epoch)  # type: ignore[attr-defined]  # torch's stub has None

    def graph(self, model: torch.nn.Module, batch: Mapping[str, Any]) -> None:
        """Trace the model, if asked for; a model that cannot be traced is only told of."""
        if not self.with_graph:
            return
        names = [name for name, value in batch.items() if isinstance(value, torch.Tensor)]
        try:
            self.writers["train"].add_graph(_Positional(model, names), [batch[name] for name in names])
        except Exception as error:  # tracing fails in as many ways as models are written
            logging.warning(f"the model's graph cannot be written to tensorboard: {error}")

    def close(self) -> None:
        """See the base class."""
        for writer in self.writers.values():
            writer.close()


class _Positional(torch.nn.Module):
    """A model whose keyword arguments come in a fixed order, and which returns its loss only, as tracing wants it."""

    def __init__(self, model: torch.nn.Module, names: list[str]):
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(self.names, values)))[0]


class Curves(AbsMonitor):
    """Draws ``images/<value>.png``: a curve per phase over epochs.

    A picture takes some 50 ms, all of them a second. As each holds all epochs so far, they are drawn anew only when
    thirty times that has passed, and at the end.
    """

    SHARE = 1 / 30

    def __init__(self, directory: Path):
        self.directory = directory
        self._pending: Reporter | None = None
        self._cost = self._drawn_at = 0.0

    def epoch(self, reporter: Reporter, step: int) -> None:
        """See the base class."""
        self._pending = reporter
        if (time.perf_counter() - self._drawn_at) * self.SHARE >= self._cost:
            self.close()

    def close(self) -> None:
        """Draw what has not been drawn yet."""
        if self._pending is None:
            return
        start = time.perf_counter()
        self._draw(self._pending)
        self._pending = None
        self._drawn_at = time.perf_counter()
        self._cost = self._drawn_at - start

    def _draw(self, reporter: Reporter) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        self.directory.mkdir(parents=True, exist_ok=True)
        figure = Figure(figsize=(6, 4), dpi=80)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for name, phases in reporter.curves().items():
            axes.clear()
            for phase, (epochs, values) in phases.items():
                axes.plot(epochs, values, label=phase, marker="x")
            axes.set_title(f"{name} vs epoch")
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(True)
            axes.legend(loc="upper right")
            figure.savefig(self.directory / f"{name}.png", pil_kwargs={"compress_level": 1})


def build_monitors(options: TrainerOptions, output_dir: Path, task_name: str = "") -> list[AbsMonitor]:
    """Those that the options ask for.

    Raises:
        InputError: If a package is missing.
    """
    monitors: list[AbsMonitor] = []
    if options.use_matplotlib:
        monitors.append(Curves(output_dir / "images"))
    if options.use_tensorboard:
        monitors.append(TensorBoard(output_dir / "tensorboard", options.create_graph_in_tensorboard))
    if options.use_wandb:
        from espnet2.train.wandb_monitor import Wandb

        monitors.append(Wandb(options, output_dir, task_name))
    return monitors

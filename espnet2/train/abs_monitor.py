"""Something that watches a training and shows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from espnet2.train.reporter import Reporter


class AbsMonitor:
    """What a training tells; a monitor overrides the calls that it has a use for."""

    def interval(self, averages: Mapping[str, float], step: int) -> None:
        """Values since the last interval; ``step`` is the number of training batches so far."""

    def epoch(self, reporter: Reporter, step: int) -> None:
        """The results of the epoch that has just ended."""

    def picture(self, name: str, path: Path, epoch: int) -> None:
        """A picture of attention weights, as a PNG file."""

    def weights(self, path: Path, epoch: int) -> None:
        """The file of an epoch's weights."""

    def graph(self, model: torch.nn.Module, batch: Mapping[str, Any]) -> None:
        """The model, and a batch that it can take."""

    def close(self) -> None:
        """The training is over."""

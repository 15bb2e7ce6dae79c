"""Normalisation by the mean and variance of the whole training set."""
# Shapes: B batch, T frames, F features
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.layers.abs_normalize import AbsNormalize, InversibleInterface
from espnet2.layers.mask import pad_mask_like
from espnet2.utils.errors import InputError


def read_stats(path: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read (count, sum, sum of squares) of a ``.npz`` of that kind or of a Kaldi-like ``.npy`` matrix (2, F + 1).

    Raises:
        InputError: If the file is missing or holds something else.
    """
    if not Path(path).is_file():
        raise InputError(
            f"normalize_conf: the statistics file {path} is missing; run the stage that collects statistics, "
            "or name the file with --normalize_conf stats_file=..."
        )
    stats = np.load(path)
    if isinstance(stats, np.ndarray):
        if stats.ndim != 2 or len(stats) != 2:
            raise InputError(f"{path}: statistics have the shape {stats.shape} instead of (2, features + 1)")
        return stats[0, -1], stats[0, :-1], stats[1, :-1]
    missing = {"count", "sum", "sum_square"} - set(stats.files)
    if missing:
        raise InputError(f"{path}: {', '.join(sorted(missing))} not found among {', '.join(stats.files)}")
    return stats["count"], stats["sum"], stats["sum_square"]


class GlobalMVN(AbsNormalize, InversibleInterface):
    """``(x - mean) / std`` with padding kept at zero.

    Args:
        stats_file: Where count, sum and sum of squares stand; None: mean and deviation come with the weights.
        norm_means: Subtract the mean.
        norm_vars: Divide by the standard deviation.
        eps: Least variance.

    Raises:
        InputError: If the file is missing or malformed.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, stats_file: str | Path | None, norm_means: bool = True, norm_vars: bool = True, eps: float = 1.0e-20
    ) -> None:
        super().__init__()
        self.stats_file = stats_file
        self.norm_means = norm_means
        self.norm_vars = norm_vars
        mean = std = np.empty(0)
        if stats_file is not None:
            count, total, total_square = (np.asarray(stat, dtype=np.float64) for stat in read_stats(stats_file))
            mean = total / count
            std = np.sqrt(np.maximum(total_square / count - mean * mean, eps))
        self.register_buffer("mean", torch.from_numpy(mean).float())
        self.register_buffer("std", torch.from_numpy(std).float())

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        for name in ("mean", "std"):
            if self.stats_file is None and prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name], dtype=torch.float32, device=self.mean.device))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"stats_file={self.stats_file}, norm_means={self.norm_means}, norm_vars={self.norm_vars}"

    def forward(self, x: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Normalise; padding becomes zero.

        Shapes:
            x (B, T, ...), ilens (B,) -> (B, T, ...), (B,)
        """
        ilens = _full_lengths(x) if ilens is None else ilens
        if self.norm_means:
            x = x - self.mean.to(x)
        if self.norm_vars:
            x = x / self.std.to(x)
        return _zero_padding(x, ilens), ilens

    def inverse(self, x: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take the normalisation back; padding becomes zero.

        Shapes:
            x (B, T, ...), ilens (B,) -> (B, T, ...), (B,)
        """
        ilens = _full_lengths(x) if ilens is None else ilens
        if self.norm_vars:
            x = x * self.std.to(x)
        if self.norm_means:
            x = x + self.mean.to(x)
        return _zero_padding(x, ilens), ilens


def _full_lengths(x: Tensor) -> Tensor:
    return torch.full((len(x),), x.size(1), dtype=torch.long, device=x.device)


def _zero_padding(x: Tensor, ilens: Tensor) -> Tensor:
    return x.masked_fill(pad_mask_like(x, ilens), 0.0)

"""Masking of random stretches of the time or the frequency axis.

Park et al., "SpecAugment", 2019, https://arxiv.org/abs/1904.08779; Park et al., "SpecAugment on Large Scale Datasets",
2020, https://arxiv.org/abs/1912.05533 (widths relative to the length).
"""
# Shapes: B batch, T frames, F features, D the masked axis, N masks
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.utils.errors import InputError

AXES = {"time": 1, "freq": 2}


def mask_along_axis(
    x: Tensor, mask_width_range: tuple[int, int], dim: int, num_mask: int = 2, replace_with_zero: bool = True
) -> Tensor:
    """Overwrite ``num_mask`` stretches of each utterance; they may overlap.

    Args:
        x: Features.
        mask_width_range: Least width, and the width that is never reached.
        dim: 1 for time, 2 for frequency.
        num_mask: Stretches N of each utterance.
        replace_with_zero: Write zero; else the mean of the whole tensor.

    Shapes:
        x (B, T, F) -> (B, T, F)
    """
    size = x.size(dim)
    widths = torch.randint(*mask_width_range, (len(x), num_mask), device=x.device).unsqueeze(2)  # (B, N, 1)
    last_start = max(1, size - int(widths.max()))
    starts = torch.randint(0, last_start, (len(x), num_mask), device=x.device).unsqueeze(2)
    positions = torch.arange(size, device=x.device)
    mask = ((starts <= positions) & (positions < starts + widths)).any(1)  # (B, D)
    value = 0.0 if replace_with_zero else float(x.mean())
    return x.masked_fill(mask.unsqueeze(2 if dim == 1 else 1), value)


class MaskAlongAxis(torch.nn.Module):
    """Mask stretches whose widths are given in frames or bands.

    Args:
        mask_width_range: (least, limit) where the limit is never reached; an int n means (0, n).
        num_mask: Stretches of each utterance.
        dim: "time" or "freq".
        replace_with_zero: Write zero; else the mean of the whole tensor.

    Raises:
        InputError: If the range is not one.
    """

    def __init__(
        self,
        mask_width_range: int | Sequence[int] = (0, 30),
        num_mask: int = 2,
        dim: str = "time",
        replace_with_zero: bool = True,
    ) -> None:
        super().__init__()
        pair = (0, mask_width_range) if isinstance(mask_width_range, int) else tuple(mask_width_range)
        if len(pair) != 2 or not 0 <= pair[0] < pair[1]:
            raise InputError(f"specaug_conf: {dim}_mask_width_range {mask_width_range} is not a range 0 <= low < high")
        self.mask_width_range: tuple[int, int] = (pair[0], pair[1])
        self.num_mask = num_mask
        self.dim = dim
        self.replace_with_zero = replace_with_zero

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"{self.dim}, mask_width_range={self.mask_width_range}, num_mask={self.num_mask}"

    def forward(self, x: Tensor, x_lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Mask.

        Shapes:
            x (B, T, F), x_lengths (B,) -> (B, T, F), (B,)
        """
        ys = mask_along_axis(x, self.mask_width_range, AXES[self.dim], self.num_mask, self.replace_with_zero)
        return ys, x_lengths


class MaskAlongAxisVariableMaxWidth(torch.nn.Module):
    """Mask stretches whose widths are given as shares of the padded length.

    Args:
        mask_width_ratio_range: (least, limit) share; a number r means (0, r).
        num_mask: Stretches of each utterance.
        dim: "time" or "freq".
        replace_with_zero: Write zero; else the mean of the whole tensor.

    Raises:
        InputError: If the range is not one.
    """

    def __init__(
        self,
        mask_width_ratio_range: float | Sequence[float] = (0.0, 0.05),
        num_mask: int = 2,
        dim: str = "time",
        replace_with_zero: bool = True,
    ) -> None:
        super().__init__()
        ratios = mask_width_ratio_range
        pair = (0.0, ratios) if isinstance(ratios, (int, float)) else tuple(ratios)
        if len(pair) != 2 or not 0 <= pair[0] < pair[1]:
            raise InputError(f"specaug_conf: {dim}_mask_width_ratio_range {ratios} is not a range 0 <= low < high")
        self.mask_width_ratio_range: tuple[float, float] = (pair[0], pair[1])
        self.num_mask = num_mask
        self.dim = dim
        self.replace_with_zero = replace_with_zero

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"{self.dim}, mask_width_ratio_range={self.mask_width_ratio_range}, num_mask={self.num_mask}"

    def forward(self, x: Tensor, x_lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Mask, unless the utterances are so short that no width remains.

        Shapes:
            x (B, T, F), x_lengths (B,) -> (B, T, F), (B,)
        """
        size = x.size(AXES[self.dim])
        low, high = (min(size, max(0, math.floor(size * ratio))) for ratio in self.mask_width_ratio_range)
        if high <= low:
            return x, x_lengths
        ys = mask_along_axis(x, (low, high), AXES[self.dim], self.num_mask, self.replace_with_zero)
        return ys, x_lengths

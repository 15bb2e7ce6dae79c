"""SpecAugment.

Park et al., "SpecAugment", 2019, https://arxiv.org/abs/1904.08779
"""
# Shapes: B batch, T frames, F features
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.asr.abs_specaug import AbsSpecAug
from espnet2.asr.specaug.mask_along_axis import MaskAlongAxis, MaskAlongAxisVariableMaxWidth
from espnet2.asr.specaug.time_warp import TimeWarp
from espnet2.utils.errors import InputError


class SpecAug(AbsSpecAug):
    """Time warp, then frequency masks, then time masks.

    Args:
        apply_time_warp: Warp the time axis.
        time_warp_window: Farthest move, in frames.
        time_warp_mode: Interpolation of the warp.
        apply_freq_mask: Mask bands.
        freq_mask_width_range: (least, limit) in bands; the limit is never reached.
        num_freq_mask: Band masks of each utterance.
        apply_time_mask: Mask frames.
        time_mask_width_range: (least, limit) in frames; the limit is never reached.
        time_mask_width_ratio_range: The same as shares of the padded length.
        num_time_mask: Frame masks of each utterance.
        replace_with_zero: Write zero; else the mean of the whole tensor.

    Raises:
        InputError: If nothing is applied, or if not exactly one range of time masks is given.
    """

    def __init__(
        self,
        apply_time_warp: bool = True,
        time_warp_window: int = 5,
        time_warp_mode: str = "bicubic",
        apply_freq_mask: bool = True,
        freq_mask_width_range: int | Sequence[int] = (0, 20),
        num_freq_mask: int = 2,
        apply_time_mask: bool = True,
        time_mask_width_range: int | Sequence[int] | None = None,
        time_mask_width_ratio_range: float | Sequence[float] | None = None,
        num_time_mask: int = 2,
        replace_with_zero: bool = True,
    ) -> None:
        super().__init__()
        if not (apply_time_warp or apply_time_mask or apply_freq_mask):
            raise InputError("specaug_conf: apply at least one of time warp, frequency mask and time mask")
        if apply_time_mask and (time_mask_width_range is None) == (time_mask_width_ratio_range is None):
            raise InputError(
                "specaug_conf: give exactly one of time_mask_width_range and time_mask_width_ratio_range"
            )
        steps: list[torch.nn.Module] = []
        if apply_time_warp:
            steps.append(TimeWarp(time_warp_window, time_warp_mode))
        if apply_freq_mask:
            steps.append(MaskAlongAxis(freq_mask_width_range, num_freq_mask, "freq", replace_with_zero))
        if apply_time_mask and time_mask_width_range is not None:
            steps.append(MaskAlongAxis(time_mask_width_range, num_time_mask, "time", replace_with_zero))
        elif apply_time_mask and time_mask_width_ratio_range is not None:
            ratios = time_mask_width_ratio_range
            steps.append(MaskAlongAxisVariableMaxWidth(ratios, num_time_mask, "time", replace_with_zero))
        self.steps = torch.nn.ModuleList(steps)

    def forward(self, x: Tensor, x_lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Distort.

        Shapes:
            x (B, T, F), x_lengths (B,) -> (B, T, F), (B,)
        """
        for step in self.steps:
            x, x_lengths = step(x, x_lengths)
        return x, x_lengths

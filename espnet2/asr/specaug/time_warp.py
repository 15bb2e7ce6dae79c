"""Time warping of features.

Park et al., "SpecAugment", 2019, https://arxiv.org/abs/1904.08779, section 2 (here by piecewise interpolation).
"""
# Shapes: B batch, T frames, F features
import torch
import torch.nn.functional as F
from torch import Tensor


def time_warp(x: Tensor, window: int = 5, mode: str = "bicubic") -> Tensor:
    """Move one random point of the time axis by up to ``window`` frames and stretch both sides to fit.

    Args:
        x: Features that share one warp.
        window: Farthest move, in frames; utterances of no more than twice that stay as they are.
        mode: Interpolation of ``torch.nn.functional.interpolate``.

    Shapes:
        x (B, T, F) -> (B, T, F)
    """
    num_frames = x.size(1)
    if num_frames - window <= window:
        return x
    center = int(torch.randint(window, num_frames - window, (1,)))
    target = int(torch.randint(center - window, center + window, (1,))) + 1

    def stretch(part: Tensor, size: int) -> Tensor:
        shape = (size, x.size(2))
        return F.interpolate(part.unsqueeze(1), shape, mode=mode, align_corners=False).squeeze(1)

    return torch.cat([stretch(x[:, :center], target), stretch(x[:, center:], num_frames - target)], dim=1)


class TimeWarp(torch.nn.Module):
    """Warp each utterance by itself, or the batch as one if all are equally long.

    Args:
        window: Farthest move, in frames.
        mode: Interpolation of ``torch.nn.functional.interpolate``.
    """

    def __init__(self, window: int = 5, mode: str = "bicubic") -> None:
        super().__init__()
        self.window = window
        self.mode = mode

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"window={self.window}, mode={self.mode}"

    def forward(self, x: Tensor, x_lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Warp; padding becomes zero.

        Shapes:
            x (B, T, F), x_lengths (B,) -> (B, T, F), (B,)
        """
        if x_lengths is None or bool((x_lengths == x.size(1)).all()):
            return time_warp(x, self.window, self.mode), x_lengths
        ys = torch.zeros_like(x)
        if bool((x_lengths == x_lengths[0]).all()):
            num_frames = int(x_lengths[0])
            ys[:, :num_frames] = time_warp(x[:, :num_frames], self.window, self.mode)
            return ys, x_lengths
        for row, num_frames in enumerate(x_lengths.tolist()):
            ys[row, :num_frames] = time_warp(x[row : row + 1, :num_frames], self.window, self.mode)[0]
        return ys, x_lengths

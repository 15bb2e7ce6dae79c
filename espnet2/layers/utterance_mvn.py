"""Normalisation by the mean and variance of each utterance."""
# Shapes: B batch, T frames, F features
import torch
from torch import Tensor

from espnet2.layers.abs_normalize import AbsNormalize
from espnet2.layers.mask import pad_mask_like


class UtteranceMVN(AbsNormalize):
    """``(x - mean) / std`` with the mean and deviation of the utterance's own frames.

    Trained models expect two peculiarities of a padded batch: padding becomes ``-mean`` instead of zero, and with both
    options on, these values count in the variance. A batch of one has no padding.

    Args:
        norm_means: Subtract the mean.
        norm_vars: Divide by the standard deviation.
        eps: Least standard deviation.
    """

    def __init__(self, norm_means: bool = True, norm_vars: bool = False, eps: float = 1.0e-20) -> None:
        super().__init__()
        self.norm_means = norm_means
        self.norm_vars = norm_vars
        self.eps = eps

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"norm_means={self.norm_means}, norm_vars={self.norm_vars}"

    def forward(self, x: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Normalise.

        Shapes:
            x (B, T, ...), ilens (B,) -> (B, T, ...), (B,)
        """
        if ilens is None:
            ilens = torch.full((len(x),), x.size(1), dtype=torch.long, device=x.device)
        pad_mask = pad_mask_like(x, ilens)  # (B, T, 1, ...)
        num_frames = ilens.to(x).view(-1, *[1] * (x.dim() - 1))
        x = x.masked_fill(pad_mask, 0.0)
        centred = x - x.sum(1, keepdim=True) / num_frames
        if not self.norm_vars:
            return (centred if self.norm_means else x), ilens
        if not self.norm_means:
            centred = centred.masked_fill(pad_mask, 0.0)
        std = (centred.square().sum(1, keepdim=True) / num_frames).sqrt().clamp(min=self.eps)
        return (centred if self.norm_means else x) / std, ilens

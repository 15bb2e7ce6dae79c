"""The transducer's loss: -log P(labels | speech), summed over all alignments.

Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, section 2.4, https://arxiv.org/abs/1211.3711

Torchaudio has a kernel for it; on a CPU that takes several times longer than the vector operations here.
"""
# Shapes: B batch, T frames, U labels, V vocabulary
import importlib
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from espnet2.layers.rnnt_lattice import beyond, edges, log_likelihoods, logit_gradient

IMPLEMENTATIONS = ("auto", "torch", "torchaudio")


def rnnt_loss(
    logits: Tensor,
    targets: Tensor,
    logit_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    implementation: str = "auto",
) -> Tensor:
    """Negative log-likelihood of the labels.

    Args:
        logits: What the joint network gives, not normalised; float16 and bfloat16 are computed in float32.
        targets: Labels; padding may hold anything.
        logit_lengths: Frames, at least one.
        target_lengths: Numbers of labels.
        blank: Id of blank.
        reduction: ``mean`` or ``sum`` over the batch, or ``none``.
        implementation: ``torch``: the one here; ``torchaudio``: its kernel; ``auto``: torchaudio's on CUDA if it is
            there, else the one here.

    Raises:
        ValueError: If ``reduction`` or ``implementation`` is unknown.

    Shapes:
        logits (B, T, U + 1, V), targets (B, U), logit_lengths (B,), target_lengths (B,) -> scalar, or (B,)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be mean, sum or none, not {reduction!r}")
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(f"implementation must be one of {', '.join(IMPLEMENTATIONS)}, not {implementation!r}")
    logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    targets, logit_lengths, target_lengths = (
        x.to(device=logits.device, dtype=torch.int64) for x in (targets, logit_lengths, target_lengths)
    )
    targets = targets.masked_fill(beyond(target_lengths, targets.size(1)), blank)
    if implementation == "torchaudio" or (implementation == "auto" and logits.is_cuda and _has_torchaudio()):
        losses = _torchaudio_losses(logits, targets, logit_lengths, target_lengths, blank)
    else:
        losses = _RNNTLoss.apply(logits, targets, logit_lengths, target_lengths, blank)
    return losses if reduction == "none" else getattr(losses, reduction)()


@cache
def _has_torchaudio() -> bool:
    """Whether torchaudio is there, and still has the loss."""
    try:
        return hasattr(importlib.import_module("torchaudio.functional"), "rnnt_loss")
    except ImportError:
        return False


def _torchaudio_losses(
    logits: Tensor, targets: Tensor, logit_lengths: Tensor, target_lengths: Tensor, blank: int
) -> Tensor:
    """The same as ``_RNNTLoss``; its kernel wants nothing beyond the longest utterance."""
    from torchaudio.functional import rnnt_loss as kernel

    num_frames, num_labels = int(logit_lengths.max()), int(target_lengths.max())
    logits = logits[:, :num_frames, : num_labels + 1].contiguous()
    integers = (targets[:, :num_labels].contiguous(), logit_lengths, target_lengths)
    as_int = [x.to(device=logits.device, dtype=torch.int32) for x in integers]
    return kernel(logits, *as_int, blank=blank, clamp=-1, reduction="none")


class _RNNTLoss(torch.autograd.Function):
    """Losses (B,) with their analytic gradient."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, logit_lengths: Tensor, target_lengths: Tensor, blank: int
    ) -> Tensor:
        """Shapes: logits (B, T, U + 1, V), targets (B, U), lengths (B,), (B,) -> (B,)."""
        labels = torch.nn.functional.pad(targets, (0, 1), value=blank)  # (B, U + 1)
        stay, move, normaliser = edges(logits, labels, blank)
        totals, *occupancies = log_likelihoods(stay, move, logit_lengths, target_lengths)
        ctx.save_for_backward(logits, labels, normaliser, *occupancies)
        ctx.blank = blank
        return -totals

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_losses: Tensor) -> tuple[Tensor | None, ...]:
        """Shapes: grad_losses (B,) -> (B, T, U + 1, V)."""
        logits, labels, normaliser, *occupancies = ctx.saved_tensors
        scaled = (occupancy * grad_losses[:, None, None] for occupancy in occupancies)
        return logit_gradient(logits, labels, ctx.blank, normaliser, *scaled), None, None, None, None

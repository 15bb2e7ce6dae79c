"""Sums of numbers that are given, and wanted, as logarithms.

Exponentials and logarithms of a whole tensor take a processor a few cycles each, but five times as many where they leave
the range of ordinary doubles, exp(-708) to exp(709), and most forward variables do. So here nothing falls below
exp(-700), and what has fallen there is told from the rest in the end.
"""
# Shapes: N blocks, W numbers in a block
import torch
import torch.nn.functional as F
from torch import Tensor

LOGZERO = -1e10
UNDERFLOW = -700.0
BLOCK = 8  # W
FEW = 2000  # On a CPU ``torch.logcumsumexp`` is quicker for so many numbers.


def exp_(x: Tensor) -> Tensor:
    """Exponentials of numbers that are at most about zero, in place; at least ``exp(UNDERFLOW)``."""
    return x.clamp_min_(UNDERFLOW).exp_()


def log_(x: Tensor) -> Tensor:
    """Logarithms of sums of these, in place; ``LOGZERO`` where there was nothing above ``exp(UNDERFLOW)`` to sum."""
    return torch.threshold_(x.log_(), UNDERFLOW + 20.0, LOGZERO)


def log_sum_exp(x: Tensor) -> Tensor:
    """``log(sum(exp(x)))`` over the last axis.

    Shapes:
        x (..., T), in double precision -> (...)
    """
    top = x.amax(-1, keepdim=True)
    return exp_(x - top).sum(-1).log_().add_(top.squeeze(-1))


def log_cumsum_exp(x: Tensor) -> Tensor:
    """``log(cumsum(exp(x)))`` over the last axis, not below ``LOGZERO``.

    ``torch.logcumsumexp`` takes an exponential and a logarithm for one number after the other. Here blocks of numbers are
    scaled by the largest one so far and added up as they are; only the sums of blocks are added as logarithms. What is
    below exp(-680) in comparison with a number less than ``BLOCK`` places further is lost, and becomes about ``LOGZERO``.

    Shapes:
        x (..., T), in double precision -> (..., T)
    """
    if x.numel() <= FEW or x.device.type != "cpu":
        return x.logcumsumexp(-1).clamp_min_(LOGZERO)
    length = x.size(-1)
    blocks = F.pad(x, (0, -length % BLOCK), value=LOGZERO).unflatten(-1, (-1, BLOCK))  # (..., N, W)
    scale = blocks.amax(-1, keepdim=True).cummax(-2).values  # (..., N, 1)
    sums = exp_(blocks - scale).cumsum(-1)
    ends = (sums[..., -1:].log() + scale).logcumsumexp(-2)
    sums[..., 1:, :] += exp_(ends[..., :-1, :] - scale[..., 1:, :])
    return log_(sums).add_(scale).clamp_min_(LOGZERO).flatten(-2)[..., :length]

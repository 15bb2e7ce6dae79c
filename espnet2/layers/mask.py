"""Masks over padded batches.

Two kinds, told apart by their names: ``pad_mask`` is True on padding, ``attention_mask`` is True where a query may
look.
"""
# Shapes: B batch, T frames, L labels
from collections.abc import Sequence

import torch
from torch import Tensor


def make_pad_mask(lengths: Tensor | Sequence[int], maxlen: int | None = None) -> Tensor:
    """Mark the padding of a batch.

    Args:
        lengths: Valid frames of each row.
        maxlen: Padded length; the longest row when None.

    Shapes:
        lengths (B,) -> (B, T) bool, True on padding
    """
    lengths = torch.as_tensor(lengths)
    if maxlen is None:
        maxlen = int(lengths.max())
    return torch.arange(maxlen, device=lengths.device) >= lengths.unsqueeze(-1)


def pad_mask_like(xs_pad: Tensor, lengths: Tensor | Sequence[int]) -> Tensor:
    """Mark the padding of a batch with an axis for each of the batch's.

    Shapes:
        xs_pad (B, T, ...), lengths (B,) -> (B, T, 1, ...) bool, True on padding
    """
    pad_mask = make_pad_mask(lengths, xs_pad.size(1))
    return pad_mask.view(*pad_mask.shape, *[1] * (xs_pad.dim() - 2))


def make_attention_mask(lengths: Tensor | Sequence[int], maxlen: int | None = None) -> Tensor:
    """Let every query look at the valid frames only.

    Shapes:
        lengths (B,) -> (B, 1, T) bool, True on valid frames
    """
    return ~make_pad_mask(lengths, maxlen).unsqueeze(1)


def causal_mask(size: int, device: torch.device | str | None = None) -> Tensor:
    """Let each label look at itself and at what came before.

    Shapes:
        -> (L, L) bool, True on and below the diagonal
    """
    return torch.ones(size, size, dtype=torch.bool, device=device).tril_()

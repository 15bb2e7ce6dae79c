"""Durations of tokens from a teacher's attention.

Ren et al., "FastSpeech", 2019, https://arxiv.org/abs/1905.09263, section 3.3 (focus rate, and the choice of a head by it).
"""
# Shapes: N layers, H heads, T frames, L tokens
import torch
from torch import Tensor

from espnet2.utils.errors import InputError


def calculate_durations(att_w: Tensor) -> tuple[Tensor, Tensor]:
    """Count the frames that look at each token most, and measure how sharply they look.

    Args:
        att_w: Attention of one utterance; of several heads the sharpest counts.
    Returns:
        Frames of each token, which sum to T, and the focus rate: the mean over frames of the highest weight.
    Raises:
        InputError: If it is no attention of one utterance.

    Shapes:
        att_w (T, L) or (N, H, T, L) -> (L,) int64, scalar
    """
    if att_w.dim() not in (2, 4):
        raise InputError(f"Attention weights of one utterance have 2 or 4 dimensions, not {att_w.dim()}.")
    heads = att_w.reshape(-1, *att_w.shape[-2:])  # (N H, T, L)
    focus_rates = heads.amax(-1).mean(-1)
    focus_rate, best = focus_rates.max(0)
    durations = torch.bincount(heads[best].argmax(-1), minlength=att_w.size(-1))
    return durations, focus_rate

"""From tokens to frames: each token's vector is repeated for as many frames as it lasts.

Ren et al., "FastSpeech", 2019, https://arxiv.org/abs/1905.09263, section 3.2.
"""
# Shapes: B batch, L tokens, T frames, D model size
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.utils.errors import InputError


def scale_durations(durations: Tensor, token_lengths: Tensor, alpha: float = 1.0) -> Tensor:
    """Change the tempo; an utterance in which nothing would last gets one frame for each token.

    Args:
        durations: Frames of each token, 0 on padding.
        token_lengths: Tokens of each utterance.
        alpha: Above 1 slower, below 1 faster.
    Raises:
        InputError: If ``alpha`` is not positive.

    Shapes:
        durations (B, L), token_lengths (B,) -> (B, L)
    """
    if not alpha > 0:
        raise InputError(f"The tempo alpha must be above 0, not {alpha}.")
    if alpha != 1.0:
        durations = (durations.float() * alpha).round().long()
    is_silent = durations.sum(1, keepdim=True) == 0
    is_token = ~make_pad_mask(token_lengths, durations.size(1))
    return durations.masked_fill(is_silent & is_token, 1)


def tokens_of_frames(durations: Tensor, num_frames: int) -> Tensor:
    """The token that each frame belongs to, L after the last one.

    Shapes:
        durations (B, L) -> (B, T)
    """
    ends = durations.cumsum(1)
    frames = torch.arange(num_frames, device=durations.device).expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, frames, right=True)


def regulate_length(hs: Tensor, durations: Tensor) -> Tensor:
    """Repeat each token's vector; padding is zero.

    Shapes:
        hs (B, L, D), durations (B, L) -> (B, T, D) with T the longest sum of durations
    """
    index = tokens_of_frames(durations, int(durations.sum(1).max()))
    with_zero = F.pad(hs, (0, 0, 0, 1))  # (B, L + 1, D)
    return with_zero.gather(1, index.unsqueeze(-1).expand(-1, -1, hs.size(-1)))

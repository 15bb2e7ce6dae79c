"""What teaches a synthesiser: text with its end, whole steps of frames, where to stop, and how much each frame counts."""

# Shapes: B batch, L tokens, T frames, D features
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.utils.errors import InputError


def append_eos(text: Tensor, lengths: Tensor, eos: int) -> tuple[Tensor, Tensor]:
    """End each text.

    Args:
        text: Token ids, padded with 0.
        lengths: Tokens of each.
        eos: The id to append.

    Shapes:
        text (B, L), lengths (B,) -> (B, L + 1), (B,)
    """
    ended = F.pad(text[:, : int(lengths.max())], (0, 1)).scatter(1, lengths.unsqueeze(1), eos)
    return ended.masked_fill(make_pad_mask(lengths + 1, ended.size(1)), 0), lengths + 1


def whole_steps(feats: Tensor, lengths: Tensor, reduction_factor: int) -> tuple[Tensor, Tensor]:
    """Cut the frames that fill no whole step.

    Args:
        feats: Features.
        lengths: Frames of each utterance.
        reduction_factor: Frames of a step.

    Raises:
        InputError: If an utterance has less than one step.

    Shapes:
        feats (B, T, D), lengths (B,) -> (B, T', D), (B,)
    """
    lengths = lengths - lengths % reduction_factor
    if not bool((lengths > 0).all()):
        raise InputError(f"an utterance is shorter than {reduction_factor} frames, tts_conf: reduction_factor")
    return feats[:, : int(lengths.max())], lengths


def shifted(feats: Tensor, reduction_factor: int) -> Tensor:
    """What the decoder looks at in training: a frame of zeros, then the last frame of each step but the final one.

    Shapes:
        feats (B, T, D) -> (B, T / reduction_factor, D)
    """
    return F.pad(feats[:, reduction_factor - 1 :: reduction_factor][:, :-1], (0, 0, 1, 0))


def stop_labels(lengths: Tensor, num_frames: int) -> Tensor:
    """1 from the last frame on.

    Shapes:
        lengths (B,) -> (B, T)
    """
    return make_pad_mask(lengths - 1, num_frames).float()


def frame_weights(lengths: Tensor, num_frames: int, use_masking: bool, use_weighted_masking: bool) -> Tensor:
    """How much each frame counts in a mean; the sum is 1.

    Args:
        lengths: Frames of each utterance.
        num_frames: T.
        use_masking: All valid frames alike, and the padding not at all.
        use_weighted_masking: All utterances alike, whatever their length. Without either, padding counts like speech.

    Raises:
        InputError: If both are asked for.

    Shapes:
        lengths (B,) -> (B, T)
    """
    refuse_both_maskings(use_masking, use_weighted_masking)
    is_frame = ~make_pad_mask(lengths, num_frames)
    if not (use_masking or use_weighted_masking):
        is_frame = torch.ones_like(is_frame)
    per_row = is_frame.sum(1, keepdim=True) * len(lengths) if use_weighted_masking else is_frame.sum()
    return is_frame / per_row


def refuse_both_maskings(use_masking: bool, use_weighted_masking: bool) -> None:
    """Raises InputError if both ways to count frames are asked for."""
    if use_masking and use_weighted_masking:
        raise InputError("tts_conf: use_masking and use_weighted_masking exclude one another; the latter masks too")

"""One value per frame, brought to the frames of the features, or to the tokens that they belong to."""
# Shapes: B batch, T frames, L tokens
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError


def check_durations(
    durations: Tensor,
    durations_lengths: Tensor,
    feats_lengths: Tensor,
    reduction_factor: int = 1,
) -> None:
    """See whether tokens cover the frames of each utterance, up to one incomplete group of ``reduction_factor``.

    Args:
        durations: Frames of each token, padded with 0.
        durations_lengths: Tokens of each utterance.
        feats_lengths: Frames of each utterance.
        reduction_factor: Frames per unit of duration.

    Raises:
        InputError: If those of an utterance do not.

    Shapes:
        durations (B, L), durations_lengths (B,), feats_lengths (B,)
    """
    left = feats_lengths - durations.sum(1).to(feats_lengths.device) * reduction_factor
    for row in torch.nonzero((left < 0) | (left >= reduction_factor)).flatten().tolist():
        frames = f"{int(durations[row].sum())} frames" + (f" x {reduction_factor}" if reduction_factor > 1 else "")
        raise InputError(
            f"The durations of utterance {row + 1} of the batch ({int(durations_lengths[row])} tokens) sum to {frames}, its "
            f"features have {int(feats_lengths[row])}. Were they made with another hop length, or from other recordings?"
        )


def fit_to_frames(values: Tensor, num_frames: int) -> Tensor:
    """Cut, or pad with zeros: values (T',) -> (T,)."""
    return F.pad(values, (0, max(0, num_frames - len(values))))[:num_frames]


def average_per_token(
    values: Tensor, durations: Tensor, reduction_factor: int = 1, positive_only: bool = False
) -> Tensor:
    """The mean over the frames of each token; 0 for a token without any.

    Args:
        values: One per frame.
        durations: Frames of each token, in groups of ``reduction_factor``.
        reduction_factor: Frames per unit of duration.
        positive_only: Leave out values that are not above 0, such as the pitch where there is no voice.

    Shapes:
        values (T,), durations (L,) -> (L,)
    """
    ends = (durations.long() * reduction_factor).cumsum(0).clamp(max=len(values))
    counted = (values > 0) if positive_only else torch.ones_like(values, dtype=torch.bool)
    sums = F.pad((values.double() * counted).cumsum(0), (1, 0))
    counts = F.pad(counted.long().cumsum(0), (1, 0))
    starts = F.pad(ends[:-1], (1, 0))
    number = counts[ends] - counts[starts]
    mean = (sums[ends] - sums[starts]) / number.clamp(min=1)
    return mean.masked_fill(number == 0, 0.0).to(values.dtype)

"""Random pieces of utterances, so that waveforms are made and judged for a second or less."""

# Shapes: B batch, C channels, T frames, W frames of a piece
import torch
from torch import Tensor


def random_segments(x: Tensor, lengths: Tensor, segment_size: int, context: int = 0) -> tuple[Tensor, Tensor]:
    """A piece of each utterance, and where it begins. What is shorter is padded with zeros on its right.

    Args:
        x: Frames.
        lengths: Valid frames of each utterance.
        segment_size: Frames W.
        context: Frames around each piece that are given too; the first and the last of the batch stand for what is beyond.

    Shapes:
        x (B, C, T), lengths (B,) -> (B, C, W + 2 context), (B,)
    """
    latest = (lengths - segment_size).clamp(min=0)
    starts = (torch.rand(len(x)).to(x.device) * latest).long()
    if context > 0:
        x = torch.nn.functional.pad(x, (context, context), "replicate")
    return segments(x, starts, segment_size + 2 * context), starts


def segments(x: Tensor, starts: Tensor, segment_size: int) -> Tensor:
    """Pieces from given beginnings; zeros beyond the end.

    Shapes:
        x (B, C, T), starts (B,) -> (B, C, W)
    """
    missing = int(starts.max()) + segment_size - x.size(2)
    if missing > 0:
        x = torch.nn.functional.pad(x, (0, missing))
    return torch.stack([row[:, start : start + segment_size] for row, start in zip(x, starts.tolist(), strict=True)])

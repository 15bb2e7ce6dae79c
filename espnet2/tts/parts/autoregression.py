"""Synthesis step after step, until the network says that the utterance has ended."""

# Shapes: T frames, D features, R frames of a step, N tokens
from collections.abc import Callable

import torch
from torch import Tensor

from espnet2.utils.errors import InputError

# From the last frame (1, D), the step's frames (R, D) and the logits of having ended (R,)
Step = Callable[[Tensor], tuple[Tensor, Tensor]]


def generate(
    step: Step, first: Tensor, num_tokens: int, threshold: float, minlenratio: float, maxlenratio: float
) -> tuple[Tensor, Tensor]:
    """Take steps.

    Args:
        step: Takes one.
        first: What the first step sees.
        num_tokens: N; the limits are multiples of it.
        threshold: It has ended when the probability of that is as high in any of a step's frames.
        minlenratio: Frames per token that are written at least.
        maxlenratio: Frames per token after which it ends in any case.
    Returns:
        Frames, and the probability at each that the utterance has ended.

    Shapes:
        first (1, D) -> (T, D), (T,)
    """
    least, most = int(num_tokens * minlenratio), int(num_tokens * maxlenratio)
    outputs: list[Tensor] = []
    probabilities: list[Tensor] = []
    last, num_frames = first, 0
    while True:
        frames, logits = step(last)
        outputs.append(frames)
        probabilities.append(logits.sigmoid())
        num_frames += len(frames)
        has_ended = bool((probabilities[-1] >= threshold).any()) or num_frames >= most
        if has_ended and num_frames >= least:
            return torch.cat(outputs), torch.cat(probabilities)
        last = frames[-1:]


def one_row(**conditions: Tensor | None) -> dict[str, Tensor | None]:
    """The conditions of one utterance as those of a batch."""
    return {name: None if value is None else value.unsqueeze(0) for name, value in conditions.items()}


def right_frames(feats: Tensor | None) -> tuple[Tensor, Tensor]:
    """The frames of teacher forcing as a batch.

    Raises:
        InputError: If there are none.

    Shapes:
        feats (T, D) -> (1, T, D), (1,)
    """
    if feats is None:
        raise InputError("use_teacher_forcing needs the speech of the text")
    return feats.unsqueeze(0), torch.tensor([len(feats)], device=feats.device)

"""Synthesis step after step, until the network says that the utterance has ended.

Several utterances are written together; one that has ended drops out.
"""

# Shapes: B utterances, T frames, D features, R frames of a step, S steps, N tokens
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.layers.mask import make_pad_mask
from espnet2.tts.parts.postnet import Postnet
from espnet2.utils.errors import InputError


class Ending(NamedTuple):
    """When an utterance ends."""

    threshold: float = 0.5  # when the probability of that is as high in any of a step's frames
    minlenratio: float = 0.0  # frames per token that are written at least
    maxlenratio: float = 10.0  # frames per token after which it ends in any case


class Written(NamedTuple):
    """What was written of an utterance."""

    frames: Tensor  # (T, D)
    probabilities: Tensor  # (T,) of having ended
    seen: Tensor  # (S, ..., N) where it looked in the text


class Writer(Protocol):
    """What writes several utterances, and remembers what it has written last."""

    def step(self) -> tuple[Tensor, Tensor, Tensor]:
        """Frames (B, R, D), logits of having ended (B, R), where it looked in the text (B, ..., N)."""

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the utterances: rows (B',)."""


def generate(writer: Writer, num_tokens: Tensor, ending: Ending) -> list[Written]:
    """Take steps.

    Args:
        writer: Takes them.
        num_tokens: Of each utterance; the limits are multiples of it.
        ending: When they end.

    Shapes:
        num_tokens (B,)
    """
    counts = num_tokens.tolist()
    device = num_tokens.device
    least = torch.tensor([int(count * ending.minlenratio) for count in counts], device=device)
    most = torch.tensor([int(count * ending.maxlenratio) for count in counts], device=device)
    parts: list[list[Written]] = [[] for _ in counts]  # of each utterance, between the ends of any of them
    rows, num_frames = torch.arange(len(counts), device=device), 0
    while len(rows):
        run: list[tuple[Tensor, ...]] = []
        has_ended = torch.zeros_like(rows, dtype=torch.bool)
        while not has_ended.any():
            frames, logits, seen = writer.step()
            probabilities = logits.sigmoid()
            run.append((frames, probabilities, seen))
            num_frames += frames.size(1)
            says_so = (probabilities >= ending.threshold).any(1)
            has_ended = (says_so | (num_frames >= most)) & (num_frames >= least)
        frames, probabilities, seen = (torch.stack(values, 1) for values in zip(*run))
        for own, row in enumerate(rows.tolist()):
            parts[row].append(Written(frames[own].flatten(0, 1), probabilities[own].flatten(), seen[own]))
        left = torch.nonzero(~has_ended).flatten()
        rows, least, most = rows[left], least[left], most[left]
        if 0 < len(left) < len(has_ended):
            writer.keep(left)
    whole = [Written(*(torch.cat(values) for values in zip(*own))) for own in parts]
    return [own._replace(seen=own.seen[..., :count]) for own, count in zip(whole, counts)]


def corrected(postnet: Postnet, written: Sequence[Written]) -> list[Tensor]:
    """The frames of each utterance through the postnet, as if it were alone.

    Shapes:
        -> (T, D) each
    """
    lengths = [len(own.frames) for own in written]
    frames = pad_sequence([own.frames for own in written], batch_first=True)
    pad_mask = make_pad_mask(lengths).to(frames.device) if min(lengths) < max(lengths) else None
    return [own[:length] for own, length in zip(postnet(frames, pad_mask), lengths)]


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

"""The grid of frames and labels on which a transducer's loss is computed.

Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, section 2.4, https://arxiv.org/abs/1211.3711

Blank steps to the next frame t and a label to the next label u. All cells of an anti-diagonal t + u = d are independent
of one another, so the grid is sheared until diagonals are rows, and forward and backward variables run together through
T + U vector operations, in double precision. The gradient at the logits has a closed form::

    dL/dz[v] = occupancy * softmax(z)[v] - [v = blank] * blank_occupancy - [v = next label] * label_occupancy
"""
# Shapes: B batch, T frames, U labels, V vocabulary, D = T + U + 1 anti-diagonals
from typing import NamedTuple

import torch
from torch import Tensor


class Edges(NamedTuple):
    """Log-probabilities of the steps that lead out of each cell."""

    stay: Tensor  # (..., T, U + 1)  blank
    move: Tensor  # (..., T, U + 1)  the next label
    normaliser: Tensor  # (..., T, U + 1)  logsumexp of the logits


def beyond(lengths: Tensor, size: int) -> Tensor:
    """lengths (B,) -> (B, size), True at and after the end."""
    return torch.arange(size, device=lengths.device) >= lengths.unsqueeze(1)


def edges(logits: Tensor, labels: Tensor, blank: int) -> Edges:
    """The steps out of each cell.

    Args:
        logits: What the joint network gives.
        labels: The next label of each column; in the last one any.
        blank: Id of blank.

    Shapes:
        logits (..., T, U + 1, V), labels (..., U + 1) -> (..., T, U + 1) each
    """
    normaliser = logits.logsumexp(-1)
    move = logits.gather(-1, _in_all_frames(labels, logits)).squeeze(-1)
    return Edges(logits[..., blank] - normaliser, move - normaliser, normaliser)


def logit_gradient(
    logits: Tensor, labels: Tensor, blank: int, normaliser: Tensor, blank_occupancy: Tensor, label_occupancy: Tensor
) -> Tensor:
    """The loss's gradient at the logits.

    Shapes:
        logits (..., T, U + 1, V), labels (..., U + 1), others (..., T, U + 1) -> (..., T, U + 1, V)
    """
    grad = (logits - normaliser.unsqueeze(-1)).exp_()
    grad *= (blank_occupancy + label_occupancy).unsqueeze(-1)
    grad[..., blank] -= blank_occupancy
    return grad.scatter_add_(-1, _in_all_frames(labels, logits), -label_occupancy.unsqueeze(-1))


def _in_all_frames(labels: Tensor, logits: Tensor) -> Tensor:
    """labels (..., U + 1) -> (..., T, U + 1, 1)"""
    return labels[..., None, :, None].expand(*logits.shape[:-1], 1)


def log_likelihoods(
    stay: Tensor, move: Tensor, logit_lengths: Tensor, target_lengths: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum over all ways through each grid.

    Args:
        stay: Log-probability of blank in each cell.
        move: That of the next label.
        logit_lengths: Frames.
        target_lengths: Numbers of labels.

    Returns:
        log P, and the probabilities that blank and the label are taken in each cell, given all labels.

    Shapes:
        stay (B, T, U + 1), move (B, T, U + 1), logit_lengths (B,), target_lengths (B,)
        -> (B,), (B, T, U + 1), (B, T, U + 1)
    """
    dtype, num_frames = stay.dtype, stay.size(1)
    stay, move = stay.double(), move.double()
    stay, move = _without_exits(stay, move, logit_lengths, target_lengths)
    stay, move = _shear(stay), _shear(move)  # (B, D, U + 1)
    alpha, beta = _forward_backward(stay, move, logit_lengths + target_lengths, target_lengths)
    totals = beta[:, 0, 0]  # (B,)
    reached = alpha - totals[:, None, None]
    blank_occupancy = (reached + stay + _next(beta, 0)).exp_()
    label_occupancy = (reached + move + _next(beta, 1)).exp_()
    occupancies = [_unshear(x, num_frames).to(dtype) for x in (blank_occupancy, label_occupancy)]
    return totals.to(dtype), occupancies[0], occupancies[1]


def _without_exits(
    stay: Tensor, move: Tensor, logit_lengths: Tensor, target_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Close the ways that lead out of each utterance's grid, except the last blank.

    Shapes:
        stay (B, T, U + 1), move (B, T, U + 1), logit_lengths (B,), target_lengths (B,) -> (B, T, U + 1), (B, T, U + 1)
    """
    num_frames, num_columns = stay.shape[1:]
    after_frames = beyond(logit_lengths, num_frames).unsqueeze(2)  # (B, T, 1)
    is_last_frame = beyond(logit_lengths - 1, num_frames).unsqueeze(2)
    is_last_column = torch.arange(num_columns, device=stay.device) == target_lengths[:, None, None]  # (B, 1, U + 1)
    stay = stay.masked_fill(after_frames | (is_last_frame & ~is_last_column), -torch.inf)
    return stay, move.masked_fill(after_frames | beyond(target_lengths, num_columns).unsqueeze(1), -torch.inf)


def _shear(grid: Tensor) -> Tensor:
    """Row t + u of the result holds what row t held in column u: grid (B, T, U + 1) -> (B, D, U + 1)."""
    batch, num_frames, num_columns = grid.shape
    # Columns, one after another, each T + U + 1 + 1 long, read as if they were one element shorter.
    padded = torch.nn.functional.pad(grid.transpose(1, 2), (0, num_columns + 1), value=-torch.inf).flatten(1)
    length = num_frames + num_columns
    return padded[:, : num_columns * length].view(batch, num_columns, length).transpose(1, 2)


def _unshear(sheared: Tensor, num_frames: int) -> Tensor:
    """Undo ``_shear``: sheared (B, D, U + 1) -> (B, T, U + 1)."""
    columns = sheared.transpose(1, 2).contiguous()  # (B, U + 1, D)
    batch, num_columns, num_rows = columns.shape
    size, stride = (batch, num_columns, num_frames), (num_columns * num_rows, num_rows + 1, 1)
    return columns.as_strided(size, stride).transpose(1, 2)


def _next(beta: Tensor, labels: int) -> Tensor:
    """beta one diagonal on, and ``labels`` columns on: (B, D, U + 1) -> (B, D, U + 1)."""
    return torch.nn.functional.pad(beta[:, 1:, labels:], (0, labels, 0, 1), value=-torch.inf)


def _forward_backward(stay: Tensor, move: Tensor, last_rows: Tensor, last_columns: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of all ways from the first cell to each, and from each to the end.

    The backward variables are forward ones of the grid read from its other end, so both take part in one loop.

    Args:
        stay: Log-probability of blank in each cell of the sheared grid.
        move: That of the next label.
        last_rows: The diagonal of the end, which lies after the last blank.
        last_columns: Its column.

    Shapes:
        stay (B, D, U + 1), move (B, D, U + 1), last_rows (B,), last_columns (B,) -> (B, D, U + 1), (B, D, U + 1)
    """
    batch, num_rows, num_columns = stay.shape
    ends = torch.full_like(stay, -torch.inf)
    ends[torch.arange(batch, device=stay.device), last_rows, last_columns] = 0.0
    starts = torch.full_like(stay, -torch.inf)
    starts[:, 0, 0] = 0.0
    before = (1, 0, 1, 0)  # pads a row and a column before the first
    pad = torch.nn.functional.pad
    moves = torch.stack([pad(move, before, value=-torch.inf)[:, :-1, :-1], move.flip(1, 2)])  # (2, B, D, U + 1)
    stays = torch.stack([pad(stay, (0, 0, 1, 0), value=-torch.inf)[:, :-1], stay.flip(1, 2)])
    sources = torch.stack([starts, ends.flip(1, 2)])
    variables = torch.empty_like(sources)
    now = stay.new_full((2, batch, num_columns + 1), -torch.inf)  # one column more, so that a shift is a view
    for row in range(num_rows):
        ways = torch.logaddexp(now[..., 1:] + stays[:, :, row], now[..., :-1] + moves[:, :, row])
        now[..., 1:] = torch.logaddexp(ways, sources[:, :, row])
        variables[:, :, row] = now[..., 1:]
    return variables[0], variables[1].flip(1, 2)

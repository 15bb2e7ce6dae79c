"""Recurrent units that now and then keep what they have.

Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations", 2017,
https://arxiv.org/abs/1606.01305.
"""

# Shapes: B batch, D input size, H hidden units

import torch
from torch import Tensor

from espnet2.layers.lstm_run import State, Step, start_lstm


class ZoneOutCell(torch.nn.Module):
    """An LSTM cell whose units are updated at random in training, and in part in evaluation.

    Args:
        cell: What makes the update.
        zoneout_rate: Probability of keeping a unit's value.
    """

    def __init__(self, cell: torch.nn.LSTMCell, zoneout_rate: float) -> None:
        super().__init__()
        self.cell = cell
        self.zoneout_rate = zoneout_rate

    def start(self, num_steps: int | None, num_rows: int, known: Tensor | None = None) -> Step:
        """Make ready for a run; see ``start_lstm``."""
        if self.training and num_steps is not None:
            shape = (num_steps, 2, num_rows, self.cell.hidden_size)
            kept = torch.empty(shape, dtype=torch.bool, device=self.cell.bias_hh.device).bernoulli_(self.zoneout_rate)
            return start_lstm(self.cell, num_steps, num_rows, known, kept)
        run = start_lstm(self.cell, num_steps, num_rows, known)

        def step(x: Tensor | None, state: State) -> State:
            output, cells = run(x, state)
            return torch.lerp(output, state[0], self.zoneout_rate), torch.lerp(cells, state[1], self.zoneout_rate)

        return step


def build_cell(input_size: int, hidden_size: int, zoneout_rate: float) -> torch.nn.LSTMCell | ZoneOutCell:
    """An LSTM cell, without more around it when nothing is kept (checkpoints tell by their keys)."""
    cell = torch.nn.LSTMCell(input_size, hidden_size)
    return ZoneOutCell(cell, zoneout_rate) if zoneout_rate > 0 else cell


def start_cell(cell: torch.nn.Module, num_steps: int | None, num_rows: int, known: Tensor | None = None) -> Step:
    """Make a cell of ``build_cell`` ready for a run; see ``start_lstm``."""
    if isinstance(cell, ZoneOutCell):
        return cell.start(num_steps, num_rows, known)
    assert isinstance(cell, torch.nn.LSTMCell)
    return start_lstm(cell, num_steps, num_rows, known)

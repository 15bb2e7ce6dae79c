"""Stacks of recurrent layers over padded batches, with the keys that checkpoints have.

The rows of a batch may have any order; each runs over its own frames only, so padding changes nothing.
"""

# Shapes: B batch, T frames, S frames after subsampling, F features, D output size, H hidden units; a state has
#         (B, H) for each direction
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError

RNN_TYPES: dict[str, type[torch.nn.RNNBase]] = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


class RecurrentStack(torch.nn.Module):
    """What both kinds share.

    Args:
        rnn_type: ``lstm`` or ``gru``.
        bidirectional: Whether frames after a frame count too.

    Raises:
        InputError: If ``rnn_type`` is unknown.
    """

    def __init__(self, rnn_type: str, bidirectional: bool) -> None:
        super().__init__()
        if rnn_type not in RNN_TYPES:
            raise InputError(f"unknown rnn_type {rnn_type!r}; choose from {', '.join(RNN_TYPES)}")
        self.kind: Any = RNN_TYPES[rnn_type]
        self.bidirectional = bidirectional
        self.num_directions = 2 if bidirectional else 1

    def run(self, rnn: torch.nn.Module, xs: Tensor, lengths: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Run a recurrent module over the valid frames of each row, going on from a state.

        A bidirectional module goes on forwards only: backwards nothing precedes.

        Shapes:
            xs (B, T, F), lengths (B,) on the CPU -> (B, T, directions * H)
        """
        if state is not None and self.bidirectional:
            parts = [_without_backward(part) for part in (state if isinstance(state, tuple) else (state,))]
            state = tuple(parts) if isinstance(state, tuple) else parts[0]
        packed = pack_padded_sequence(xs, lengths.clamp(min=1), batch_first=True, enforce_sorted=False)
        ys, state = rnn(packed, state)
        return pad_packed_sequence(ys, batch_first=True)[0], state


def _without_backward(part: Tensor) -> Tensor:
    """Shapes: part (layers * 2, B, H), directions alternating."""
    part = part.clone()
    part[1::2] = 0.0
    return part


class ProjectedRNN(RecurrentStack):
    """Recurrent layers, each of them followed by subsampling, a linear map and (but for the last) tanh.

    Args:
        input_size: Features F.
        hidden_size: Hidden units H of each direction.
        output_size: Size D of each linear map.
        num_layers: Number of layers.
        rnn_type: ``lstm`` or ``gru``.
        bidirectional: Whether frames after a frame count too.
        dropout: Dropout before each tanh. It is **active in evaluation too**: so models of this kind were trained and
            tested, and so they are expected to run.
        subsample: Keep every n-th frame of each layer; 1 for layers that it does not name.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        num_layers: int,
        rnn_type: str,
        bidirectional: bool,
        dropout: float,
        subsample: Sequence[int] = (),
    ) -> None:
        super().__init__(rnn_type, bidirectional)
        self.name = "birnn" if bidirectional else "rnn"
        self.num_layers = num_layers
        self.subsample = [*subsample, *[1] * num_layers][:num_layers]
        self.dropout = dropout
        for layer in range(num_layers):
            rnn = self.kind(
                output_size if layer else input_size, hidden_size, batch_first=True, bidirectional=bidirectional
            )
            self.add_module(f"{self.name}{layer}", rnn)
            self.add_module(f"bt{layer}", torch.nn.Linear(self.num_directions * hidden_size, output_size))

    def forward(
        self, xs: Tensor, ilens: Tensor, prev_states: Sequence[Any] | None = None
    ) -> tuple[Tensor, Tensor, list[Any]]:
        """Run all layers.

        Raises:
            TooShortUttError: If subsampling leaves nothing of the longest utterance.

        Shapes:
            xs (B, T, F), ilens (B,) -> (B, S, D), (B,), a state for each layer
        """
        lengths = ilens.cpu()
        states = []
        for layer, step in enumerate(self.subsample):
            state = None if prev_states is None else prev_states[layer]
            ys, state = self.run(getattr(self, f"{self.name}{layer}"), xs[:, : int(lengths.max())], lengths, state)
            states.append(state)
            if step > 1:
                lengths = (lengths + 1) // step
                if not int(lengths.max()):
                    raise TooShortUttError(f"subsample {self.subsample}", int(ilens.max()), self._least_length())
                ys = ys[:, ::step][:, : int(lengths.max())]
            xs = getattr(self, f"bt{layer}")(ys)
            if layer < self.num_layers - 1:
                xs = torch.tanh(F.dropout(xs, self.dropout))
        return xs, lengths.to(ilens.device), states

    def _least_length(self) -> int:
        length = 1
        for step in reversed(self.subsample):
            length = max(1, length * step - 1) if step > 1 else length
        return length


class StackedRNN(RecurrentStack):
    """Recurrent layers without anything between them, then a linear map and tanh.

    Args:
        input_size: Features F.
        hidden_size: Hidden units H of each direction.
        output_size: Size D.
        num_layers: Number of layers.
        rnn_type: ``lstm`` or ``gru``.
        bidirectional: Whether frames after a frame count too.
        dropout: Dropout between the layers, in training.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        num_layers: int,
        rnn_type: str,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__(rnn_type, bidirectional)
        self.nbrnn = self.kind(
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
        )
        self.l_last = torch.nn.Linear(self.num_directions * hidden_size, output_size)

    def forward(self, xs: Tensor, ilens: Tensor, prev_states: Any = None) -> tuple[Tensor, Tensor, Any]:
        """Run all layers.

        Shapes:
            xs (B, T, F), ilens (B,) -> (B, T, D), (B,), the state of all layers
        """
        ys, state = self.run(self.nbrnn, xs[:, : int(ilens.max())], ilens.cpu(), prev_states)
        return torch.tanh(self.l_last(ys)), ilens, state

"""Recurrent encoder: (bidirectional) LSTM or GRU layers with projections between them.

Watanabe, Hori, Kim, Hershey, Hayashi, "Hybrid CTC/Attention Architecture for End-to-End Speech Recognition", 2017,
https://doi.org/10.1109/JSTSP.2017.2763455.
"""

# Shapes: B batch, T frames, S frames after subsampling, F features, D model size
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.recurrent import ProjectedRNN, StackedRNN


class RNNEncoder(AbsEncoder):
    """Recurrent encoder. The rows of a batch need no order.

    Args:
        input_size: Features F.
        rnn_type: ``lstm`` or ``gru``.
        bidirectional: Whether frames after a frame count too.
        use_projection: Have a linear map and tanh after each layer, not after the last one only.
        num_layers: Number of layers.
        hidden_size: Hidden units of each direction.
        output_size: Model size D, also that of the maps between layers.
        dropout: Dropout between layers. With ``use_projection`` it is **active in evaluation too** (see
            ``ProjectedRNN``): for results that can be repeated it must be 0.
        subsample: Keep every n-th frame of each layer, counted from the first one; needs ``use_projection`` and is
            left aside without it. None: keep all.

    Raises:
        InputError: If ``rnn_type`` is unknown.
    """

    def __init__(
        self,
        input_size: int,
        rnn_type: str = "lstm",
        bidirectional: bool = True,
        use_projection: bool = True,
        num_layers: int = 4,
        hidden_size: int = 320,
        output_size: int = 320,
        dropout: float = 0.0,
        subsample: Sequence[int] | None = (2, 2, 1, 1),
    ) -> None:
        super().__init__()
        self._output_size = output_size
        options = (input_size, hidden_size, output_size, num_layers, rnn_type, bidirectional, dropout)
        rnn = ProjectedRNN(*options, subsample or ()) if use_projection else StackedRNN(*options)
        self.enc = torch.nn.ModuleList([rnn])

    def output_size(self) -> int:
        """Model size D."""
        return self._output_size

    def forward(  # type: ignore[override]
        self, xs_pad: Tensor, ilens: Tensor, prev_states: Any = None
    ) -> tuple[Tensor, Tensor, Any]:
        """Encode; padding is 0 in the result.

        Args:
            xs_pad: Features.
            ilens: Their numbers of frames.
            prev_states: The states of an earlier call, to go on from.

        Returns:
            Encoded frames, their numbers, and the states of the recurrent layers.

        Raises:
            TooShortUttError: If subsampling leaves nothing of the longest utterance.

        Shapes:
            xs_pad (B, T, F), ilens (B,) -> (B, S, D), (B,), states
        """
        *front, rnn = self.enc
        for module in front:
            xs_pad, ilens = module(xs_pad, ilens)
        ys, olens, states = rnn(xs_pad, ilens, prev_states)
        return ys.masked_fill(make_pad_mask(olens, ys.size(1)).unsqueeze(-1), 0.0), olens, states

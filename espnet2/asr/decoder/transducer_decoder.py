"""A transducer's prediction network: a recurrent network over the labels alone.

Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, https://arxiv.org/abs/1211.3711
"""
# Shapes: B batch, U labels, H hidden units, N layers, S = H * N (GRU) or 2 * H * N (LSTM) numbers of a state
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.layers.dropout import Dropout
from espnet2.utils.errors import InputError

RNN_TYPES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


class TransducerDecoder(AbsDecoder):
    """Embedding and recurrent layers; unlike other decoders it does not see the speech.

    Args:
        vocab_size: Labels, blank included.
        embed_pad: Id of blank, whose embedding is zero and stays so.
        rnn_type: lstm or gru.
        num_layers: N.
        hidden_size: H, also the embedding's size.
        dropout: Dropout after each layer.
        dropout_embed: Dropout on the embedding.

    Attributes:
        dunits: H.

    Raises:
        InputError: If ``rnn_type`` is unknown.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_pad: int = 0,
        rnn_type: str = "lstm",
        num_layers: int = 1,
        hidden_size: int = 320,
        dropout: float = 0.0,
        dropout_embed: float = 0.0,
    ):
        super().__init__()
        if rnn_type not in RNN_TYPES:
            raise InputError(f"decoder_conf: rnn_type must be one of {', '.join(RNN_TYPES)}, not {rnn_type!r}.")
        self.embed = torch.nn.Embedding(vocab_size, hidden_size, padding_idx=embed_pad)
        self.dropout_embed = Dropout(dropout_embed)
        # One module per layer, with dropout after each, the last one included.
        self.decoder = torch.nn.ModuleList(
            RNN_TYPES[rnn_type](hidden_size, hidden_size, 1, batch_first=True) for _ in range(num_layers)
        )
        self.dropout_dec = torch.nn.ModuleList(Dropout(dropout) for _ in range(num_layers))
        self.dunits = hidden_size
        self.state_parts = 2 if rnn_type == "lstm" else 1

    def forward(self, labels: Tensor) -> Tensor:  # type: ignore[override]
        """Whole label sequences, blank first.

        Shapes:
            labels (B, U + 1) -> (B, U + 1, H)
        """
        x = self.dropout_embed(self.embed(labels))
        for rnn, dropout in zip(self.decoder, self.dropout_dec):
            x = dropout(rnn(x)[0])
        return x

    def start(self, num_rows: int) -> Tensor:
        """The state before blank, with which every sequence begins.

        Shapes:
            -> (B, S)
        """
        return self.embed.weight.new_zeros(num_rows, self.state_parts * len(self.decoder) * self.dunits)

    def step(self, labels: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """One label more.

        Shapes:
            labels (B,), states (B, S) -> (B, H), (B, S)
        """
        x = self.dropout_embed(self.embed(labels))
        after: list[Tensor] = []
        parts = states.view(len(states), len(self.decoder), self.state_parts, self.dunits)
        for rnn, dropout, (hidden, *cell) in zip(self.decoder, self.dropout_dec, parts.permute(1, 2, 0, 3)):
            # The cell alone: the module prepares its weights anew for each sequence, which takes longer than one step.
            weights: Any = rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0
            if self.state_parts == 2:
                x, new_cell = torch.lstm_cell(x, (hidden, cell[0]), *weights)
                after += [x, new_cell]
            else:
                x = torch.gru_cell(x, hidden, *weights)
                after.append(x)
            x = dropout(x)
        return x, torch.cat(after, 1)

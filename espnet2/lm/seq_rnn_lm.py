"""Recurrent language model.

Mikolov, Karafiat, Burget, Cernocky, Khudanpur, "Recurrent neural network based language model", 2010,
https://www.isca-archive.org/interspeech_2010/mikolov10_interspeech.html
"""
# Shapes: B batch, L labels, V vocabulary, N layers, D hidden units; in the search U utterances, K hypotheses of each
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.lm.abs_model import AbsLM
from espnet2.search.scorer import rows_of, rows_of_utterances
from espnet2.utils.errors import InputError

Hidden = Tensor | tuple[Tensor, Tensor]  # (N, B, D), and the cells of an LSTM


class RNNState(NamedTuple):
    """Hidden state of U * K hypotheses."""

    hidden: Any  # tensors (N, U * K, D) in a tuple; None before sos
    num_hypotheses: int  # K


class SequentialRNNLM(AbsLM):
    """Embedding, recurrent layers, projection to the vocabulary.

    Args:
        vocab_size: V.
        unit: Embedding size.
        nhid: Hidden units; ``unit`` when None.
        nlayers: Recurrent layers.
        dropout_rate: Dropout on the embedding, between the layers and on their output.
        tie_weights: Use the embedding as projection.
        rnn_type: lstm, gru, rnn_tanh or rnn_relu.
        ignore_id: Padding id, whose embedding is zero.

    Raises:
        InputError: If ``rnn_type`` is unknown, or the weights to be tied have different sizes.
    """

    sees_last_token_only = True

    def __init__(
        self,
        vocab_size: int,
        unit: int = 650,
        nhid: int | None = None,
        nlayers: int = 2,
        dropout_rate: float = 0.0,
        tie_weights: bool = False,
        rnn_type: str = "lstm",
        ignore_id: int = 0,
    ):
        super().__init__()
        nhid = unit if nhid is None else nhid
        kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn_tanh": torch.nn.RNN, "rnn_relu": torch.nn.RNN}
        kind = rnn_type.lower()
        if kind not in kinds:
            raise InputError(f"lm_conf: rnn_type must be one of {', '.join(kinds)}, not {rnn_type!r}.")
        if tie_weights and nhid != unit:
            raise InputError(f"lm_conf: tie_weights needs nhid ({nhid}) equal to unit ({unit}).")
        nonlinearity = {"nonlinearity": kind[4:]} if kind.startswith("rnn_") else {}
        self.drop = Dropout(dropout_rate)
        self.encoder = torch.nn.Embedding(vocab_size, unit, padding_idx=ignore_id)
        between = dropout_rate if nlayers > 1 else 0.0
        self.rnn = kinds[kind](unit, nhid, nlayers, dropout=between, batch_first=True, **nonlinearity)
        self.decoder = torch.nn.Linear(nhid, vocab_size)
        if tie_weights:
            self.decoder.weight = self.encoder.weight

    def forward(self, input: Tensor, hidden: Hidden | None) -> tuple[Tensor, Hidden]:
        """Score whole sequences.

        Shapes:
            input (B, L) -> (B, L, V)
        """
        ys, hidden = self.rnn(self.drop(self.encoder(input)), hidden)
        return self.decoder(self.drop(ys)), hidden

    def start(self, encoded: Tensor, lengths: Tensor) -> RNNState:
        """The state before sos."""
        return RNNState(None, 1)

    def score(self, prefixes: Tensor, state: RNNState, candidates: Tensor | None = None) -> tuple[Tensor, RNNState]:
        """Log-probabilities of what follows; digests the last tokens.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        hidden: Any = state.hidden
        if hidden is not None and not self._is_lstm:
            hidden = hidden[0]
        logits, hidden = self(prefixes[:, :, -1:].flatten(0, 1), hidden)
        kept = hidden if self._is_lstm else (hidden,)
        return logits.view(*prefixes.shape[:2], -1).log_softmax(-1), state._replace(hidden=kept)

    @property
    def _is_lstm(self) -> bool:
        return isinstance(self.rnn, torch.nn.LSTM)

    def select(self, state: RNNState, parents: Tensor, tokens: Tensor) -> RNNState:
        """The survivors' hidden states.

        Shapes:
            parents (U, K')
        """
        rows = rows_of(parents, state.num_hypotheses)
        return RNNState(tuple(part.index_select(1, rows) for part in state.hidden), parents.size(1))

    def keep(self, state: RNNState, utterances: Tensor) -> RNNState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        rows = rows_of_utterances(utterances, state.num_hypotheses)
        return state._replace(hidden=tuple(part.index_select(1, rows) for part in state.hidden))

    def join(self, states: Sequence[RNNState]) -> RNNState:
        """All hypotheses of several states; their prefixes may differ in length."""
        parts = zip(*(state.hidden for state in states))
        return RNNState(tuple(torch.cat(part, 1) for part in parts), sum(state.num_hypotheses for state in states))

"""Recurrent decoder with attention ("listen, attend and spell").

Chan, Jaitly, Le, Vinyals, "Listen, Attend and Spell", 2016, https://arxiv.org/abs/1508.01211; Watanabe, Hori, Kim, Hershey,
Hayashi, "Hybrid CTC/Attention Architecture for End-to-End Speech Recognition", 2017,
https://doi.org/10.1109/JSTSP.2017.2763455. Dropout lies on all connections but the recurrent ones: Zaremba, Sutskever,
Vinyals, "Recurrent Neural Network Regularization", 2014, https://arxiv.org/abs/1409.2329.

The same step serves training, over one label of each utterance, and the beam search, over the last tokens of K
hypotheses of each utterance; what the attention computes of the frames alone exists once for an utterance.
"""

# Shapes: B batch, T frames, L labels, V vocabulary, D encoder's size, Q decoder's size
# In the search: U utterances, K hypotheses of each; in training U = B and K = 1
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.layers.dropout import Dropout
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.rnn_attention.abs_attention import AbsRNNAttention, Memory, Source
from espnet2.layers.rnn_attention.build import AttentionOptions, build_attention
from espnet2.search.scorer import Scorer, take_hypotheses
from espnet2.utils.errors import InputError

CELLS: dict[str, Any] = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}
DEFAULT_ATT_CONF = asdict(AttentionOptions())


class RNNDecoderState(NamedTuple):
    """What the decoder keeps of its hypotheses."""

    source: Source
    hidden: Sequence[tuple[Tensor, ...]]  # of each layer: output (U, K, Q) and, of an LSTM, cells (U, K, Q)
    memory: Memory  # of the attention


class RNNDecoder(AbsDecoder, Scorer):
    """Labels to logits of the next label, given the encoder's output.

    Args:
        vocab_size: V.
        encoder_output_size: D.
        rnn_type: ``lstm`` or ``gru``.
        num_layers: Recurrent layers.
        hidden_size: Q, also the size of the labels' embedding.
        sampling_probability: In training, how probably a step reads what the step before predicts instead of the right
            label; drawn once a step for the whole batch.
        dropout: Dropout on the embedding, on the attention's query, between the layers and before the output.
        context_residual: Let the output layer see what the attention has read.
        replace_sos: Put something else in the place of sos: not supported.
        num_encs: Encoders; only 1 is supported.
        att_conf: See ``espnet2.layers.rnn_attention.build.AttentionOptions``.

    Raises:
        InputError: If an option has an unknown value or one that is not supported.
    """

    def __init__(
        self,
        vocab_size: int,
        encoder_output_size: int,
        rnn_type: str = "lstm",
        num_layers: int = 1,
        hidden_size: int = 320,
        sampling_probability: float = 0.0,
        dropout: float = 0.0,
        context_residual: bool = False,
        replace_sos: bool = False,
        num_encs: int = 1,
        att_conf: Mapping[str, Any] = DEFAULT_ATT_CONF,
    ) -> None:
        super().__init__()
        if rnn_type not in CELLS:
            raise InputError(f"decoder_conf: unknown rnn_type {rnn_type!r}; choose from {', '.join(CELLS)}")
        if num_encs != 1:
            raise InputError(f"decoder_conf: num_encs must be 1, not {num_encs}: one encoder is supported")
        if replace_sos:
            raise InputError("decoder_conf: replace_sos is not supported: nothing tells the decoder what to begin with")
        self.embed = torch.nn.Embedding(vocab_size, hidden_size)
        self.dropout = Dropout(dropout)
        cell = CELLS[rnn_type]
        self.decoder = torch.nn.ModuleList(
            cell(hidden_size if layer else hidden_size + encoder_output_size, hidden_size)
            for layer in range(num_layers)
        )
        self.att_list = torch.nn.ModuleList([build_attention(att_conf, encoder_output_size, hidden_size)])
        self.output = torch.nn.Linear(hidden_size + (encoder_output_size if context_residual else 0), vocab_size)
        self.is_lstm = rnn_type == "lstm"
        self.context_residual = context_residual
        self.sampling_probability = sampling_probability

    @property
    def attention(self) -> AbsRNNAttention:
        """The attention mechanism."""
        return cast(AbsRNNAttention, self.att_list[0])

    def forward(self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor, ys_in_lens: Tensor) -> tuple[Tensor, Tensor]:
        """Score whole label sequences, each label seeing the earlier ones only. Logits of padding are 0.

        Shapes:
            hs_pad (B, T, D), hlens (B,), ys_in_pad (B, L), ys_in_lens (B,) -> (B, L, V), (B,)
        """
        state = self.start(hs_pad, hlens)
        embedded = self.dropout(self.embed(ys_in_pad)).unsqueeze(1)  # (B, 1, L, Q)
        tops: list[Tensor] = []
        weights: list[Tensor] = []
        for label in embedded.unbind(2):
            if tops and self._is_sampled():
                label = self.dropout(self.embed(self.output(tops[-1]).argmax(-1)))
            top, own_weights, state = self._step(label, state)
            tops.append(top)
            weights.append(own_weights)
        if self.attention.keep_attention:
            whole = torch.cat(weights, 1).detach()  # (B, L, T) or (B, L, H, T)
            self.attention.attn = whole.unsqueeze(1) if whole.dim() == 3 else whole.transpose(1, 2)
        logits = self.output(torch.cat(tops, 1))
        pad_mask = make_pad_mask(ys_in_lens, ys_in_pad.size(1)).to(logits.device)
        return logits.masked_fill(pad_mask.unsqueeze(2), 0.0), ys_in_lens

    def _is_sampled(self) -> bool:
        return self.training and self.sampling_probability > 0 and float(torch.rand(())) < self.sampling_probability

    def _step(self, embedded: Tensor, state: RNNDecoderState) -> tuple[Tensor, Tensor, RNNDecoderState]:
        """Read one label of each hypothesis.

        Returns:
            What the output layer reads, the attention's weights, and the state after the label.

        Shapes:
            embedded (U, K, Q) -> (U, K, Q or Q + D), (U, K, T) or (U, K, H, T)
        """
        query = self.dropout(state.hidden[0][0])
        context, weights, memory = self.attention(state.source, query, state.memory)
        x = torch.cat([embedded, context], -1)
        hidden = []
        for cell, own in zip(self.decoder, state.hidden):
            own = self._advance(cell, x, own)
            hidden.append(own)
            x = self.dropout(own[0])
        top = torch.cat([x, context], -1) if self.context_residual else x
        return top, weights, RNNDecoderState(state.source, hidden, memory)

    def _advance(self, cell: torch.nn.Module, x: Tensor, hidden: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Shapes: x (U, K, ...), hidden (U, K, Q) -> (U, K, Q)."""
        rows = [part.flatten(0, 1) for part in hidden]
        moved = cell(x.flatten(0, 1), rows) if self.is_lstm else [cell(x.flatten(0, 1), *rows)]
        return tuple(part.unflatten(0, x.shape[:2]) for part in moved)

    def start(self, encoded: Tensor, lengths: Tensor) -> RNNDecoderState:
        """Compute what depends on the frames alone.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        source = self.attention.prepare(encoded, lengths)
        nothing = encoded.new_zeros(len(encoded), 1, self.embed.embedding_dim)
        hidden = [(nothing, nothing) if self.is_lstm else (nothing,) for _ in self.decoder]
        return RNNDecoderState(source, hidden, self.attention.start(source))

    def score(
        self, prefixes: Tensor, state: RNNDecoderState, candidates: Tensor | None = None
    ) -> tuple[Tensor, RNNDecoderState]:
        """Log-probabilities of what follows the prefixes; reads their last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        top, _, state = self._step(self.embed(prefixes[:, :, -1]), state)
        return self.output(top).log_softmax(-1), state

    def select(self, state: RNNDecoderState, parents: Tensor, tokens: Tensor) -> RNNDecoderState:
        """The survivors' states.

        Shapes:
            parents (U, K')
        """
        return RNNDecoderState(
            state.source,
            [tuple(take_hypotheses(part, parents) for part in own) for own in state.hidden],
            tuple(take_hypotheses(part, parents) for part in state.memory),
        )

    def keep(self, state: RNNDecoderState, utterances: Tensor) -> RNNDecoderState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        return RNNDecoderState(
            state.source.keep(utterances),
            [tuple(part.index_select(0, utterances) for part in own) for own in state.hidden],
            tuple(part.index_select(0, utterances) for part in state.memory),
        )

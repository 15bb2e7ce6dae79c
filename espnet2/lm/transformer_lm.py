"""Transformer language model.

Irie, Zeyer, Schlueter, Ney, "Language Modeling with Deep Transformers", 2019, https://arxiv.org/abs/1905.04226
(without positional encoding by default, as found there to serve best).
"""
# Shapes: B batch, L labels, V vocabulary, D model size; in the search U utterances, K hypotheses of each
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.dropout import Dropout
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.layers.key_value_cache import KeyValueCache
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import causal_mask
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.lm.abs_model import AbsLM
from espnet2.search.scorer import rows_of, rows_of_utterances
from espnet2.utils.errors import InputError


class TransformerLMLayer(torch.nn.Module):
    """Self-attention and a feed-forward network, each normalised before and with a residual connection."""

    def __init__(self, size: int, head: int, unit: int, dropout_rate: float, attention_dropout_rate: float):
        super().__init__()
        self.self_attn = MultiHeadedAttention(head, size, attention_dropout_rate)
        self.feed_forward = PositionwiseFeedForward(size, unit, dropout_rate)
        self.norm1 = LayerNorm(size)
        self.norm2 = LayerNorm(size)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor, look_back: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply the layer.

        Args:
            x: Labels.
            look_back: The self-attention of normalised labels, over a whole sequence or over a cache.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        x = x + self.dropout(look_back(self.norm1(x)))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class TransformerLMEncoder(torch.nn.Module):
    """The stack of layers with its input projection.

    Args:
        embed_unit: Embedding size.
        att_unit: Model size D.
        head: Attention heads.
        unit: Hidden units of the feed-forward networks.
        layer: Number of layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout after the positional encoding.
        attention_dropout_rate: Dropout on the attention weights.
        use_positions: Whether there is a positional encoding.
    """

    def __init__(
        self,
        embed_unit: int,
        att_unit: int,
        head: int,
        unit: int,
        layer: int,
        dropout_rate: float,
        positional_dropout_rate: float,
        attention_dropout_rate: float,
        use_positions: bool,
    ):
        super().__init__()
        self.embed = torch.nn.Sequential(
            torch.nn.Linear(embed_unit, att_unit),
            torch.nn.LayerNorm(att_unit),
            Dropout(dropout_rate),
            torch.nn.ReLU(),
        )
        self.pos_enc = PositionalEncoding(att_unit, positional_dropout_rate) if use_positions else None
        self.encoders = torch.nn.ModuleList(
            TransformerLMLayer(att_unit, head, unit, dropout_rate, attention_dropout_rate) for _ in range(layer)
        )
        self.after_norm = LayerNorm(att_unit)

    def forward(self, x: Tensor, offset: int, look_back: Callable[[int, Tensor], Tensor]) -> Tensor:
        """Apply all layers.

        Args:
            x: Embedded labels.
            offset: Position of the first of them.
            look_back: The self-attention of a layer (by number).

        Shapes:
            x (B, L, E) -> (B, L, D)
        """
        return self.layers(self.embed(x), offset, look_back)

    def layers(self, x: Tensor, offset: int, look_back: Callable[[int, Tensor], Tensor]) -> Tensor:
        """What follows the input projection; see ``forward``.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        if self.pos_enc is not None:
            x = self.pos_enc(x, offset)
        for number, layer in enumerate(self.encoders):
            x = layer(x, lambda y, number=number: look_back(number, y))
        return self.after_norm(x)


class TransformerLMState(NamedTuple):
    """Keys and values of U * K hypotheses."""

    cache: KeyValueCache
    num_hypotheses: int  # K


class TransformerLM(AbsLM):
    """Embedding, Transformer layers that look back, projection to the vocabulary. Id 0 is padding and never looked at.

    Args:
        vocab_size: V.
        pos_enc: None, or ``sinusoidal``.
        embed_unit: Embedding size.
        att_unit: Model size D.
        head: Attention heads.
        unit: Hidden units of the feed-forward networks.
        layer: Number of layers.
        dropout_rate: Dropout on each branch.
        positional_dropout_rate: Dropout after the positional encoding.
        attention_dropout_rate: Dropout on the attention weights.

    Raises:
        InputError: If ``pos_enc`` is unknown.
    """

    def __init__(
        self,
        vocab_size: int,
        pos_enc: str | None = None,
        embed_unit: int = 128,
        att_unit: int = 256,
        head: int = 2,
        unit: int = 1024,
        layer: int = 4,
        dropout_rate: float = 0.1,
        positional_dropout_rate: float = 0.1,
        attention_dropout_rate: float = 0.1,
    ):
        super().__init__()
        if pos_enc not in (None, "sinusoidal"):
            raise InputError(f"lm_conf: pos_enc must be null or sinusoidal, not {pos_enc!r}.")
        self.embed = torch.nn.Embedding(vocab_size, embed_unit)
        self.encoder = TransformerLMEncoder(
            embed_unit,
            att_unit,
            head,
            unit,
            layer,
            dropout_rate,
            positional_dropout_rate,
            attention_dropout_rate,
            use_positions=pos_enc is not None,
        )
        self.decoder = torch.nn.Linear(att_unit, vocab_size)
        # all tokens after the input projection, for inference: (V, D)
        self.projected: Tensor | None
        self.register_buffer("projected", None, persistent=False)

    def forward(self, input: Tensor, hidden: None) -> tuple[Tensor, None]:
        """Score whole sequences.

        Shapes:
            input (B, L) -> (B, L, V)
        """
        mask = (input != 0).unsqueeze(1) & causal_mask(input.size(1), input.device)  # (B, L, L)

        def look_back(number: int, y: Tensor) -> Tensor:
            return self._attention(number)(y, y, y, mask)

        return self.decoder(self.encoder(self.embed(input), 0, look_back)), None

    def prepare_inference(self) -> None:
        """Join the projections of each layer's attention, and project the tokens once for all."""
        with torch.no_grad():
            self.register_buffer("projected", self.encoder.embed(self.embed.weight), persistent=False)
        for number in range(len(self.encoder.encoders)):
            self._attention(number).join_projections()

    def _attention(self, number: int) -> MultiHeadedAttention:
        return cast(TransformerLMLayer, self.encoder.encoders[number]).self_attn

    def start(self, encoded: Tensor, lengths: Tensor) -> TransformerLMState:
        """An empty cache."""
        attention = self._attention(0)
        like = self.embed.weight
        return TransformerLMState(
            KeyValueCache(len(self.encoder.encoders), len(encoded), attention.h, attention.d_k, like), 1
        )

    def score(
        self, prefixes: Tensor, state: TransformerLMState, candidates: Tensor | None = None
    ) -> tuple[Tensor, TransformerLMState]:
        """Log-probabilities of what follows; computes the last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        last = prefixes[:, :, -1]
        cache = state.cache.advance(last == 0)

        def look_back(number: int, y: Tensor) -> Tensor:
            attention = self._attention(number)
            query, key, value = attention.project_self(y.view(*cache.shape, -1))
            return attention.attend(query, *cache.put(number, key, value), None, cache.bias).view_as(y)

        tokens, offset = last.flatten().unsqueeze(1), prefixes.size(2) - 1  # (U * K, 1)
        if self.projected is None:
            x = self.encoder(self.embed(tokens), offset, look_back)
        else:
            x = self.encoder.layers(F.embedding(tokens, self.projected), offset, look_back)
        scores = self.decoder(x).view(*prefixes.shape[:2], -1).log_softmax(-1)
        return scores, state._replace(cache=cache)

    def select(self, state: TransformerLMState, parents: Tensor, tokens: Tensor) -> TransformerLMState:
        """The survivors' keys and values.

        Shapes:
            parents (U, K')
        """
        cache = state.cache.take(rows_of(parents, state.num_hypotheses))
        return state._replace(cache=cache, num_hypotheses=parents.size(1))

    def keep(self, state: TransformerLMState, utterances: Tensor) -> TransformerLMState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        cache = state.cache.take(rows_of_utterances(utterances, state.num_hypotheses), utterances)
        return state._replace(cache=cache)

    def join(self, states: Sequence[TransformerLMState]) -> TransformerLMState:
        """All hypotheses of several states, whose prefixes are of one length."""
        cache = KeyValueCache.join([state.cache for state in states])
        return TransformerLMState(cache, sum(state.num_hypotheses for state in states))

"""Which attention a stack of layers uses, and which positional encoding goes with it."""
# Shapes: D model size
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.fast_self_attention import FastSelfAttention
from espnet2.layers.positional_encoding import (
    ConvolutionalPositionalEmbedding,
    PositionalEncoding,
    ScaledPositionalEncoding,
)
from espnet2.layers.relative_attention import (
    LegacyRelPositionalEncoding,
    LegacyRelPositionMultiHeadedAttention,
    RelPositionalEncoding,
    RelPositionMultiHeadedAttention,
)
from espnet2.utils.errors import InputError

POSITIONAL_ENCODINGS: dict[str, Callable] = {
    "abs_pos": PositionalEncoding,
    "scaled_abs_pos": ScaledPositionalEncoding,
    "conv": ConvolutionalPositionalEmbedding,
    "rel_pos": RelPositionalEncoding,
    "legacy_rel_pos": LegacyRelPositionalEncoding,
}
ATTENTIONS: dict[str, Callable] = {
    "selfattn": MultiHeadedAttention,
    "rel_selfattn": RelPositionMultiHeadedAttention,
    "legacy_rel_selfattn": LegacyRelPositionMultiHeadedAttention,
    "fast_selfattn": FastSelfAttention,
}
# Relative encodings and the attention that each of them needs.
PARTNERS = {"rel_pos": "rel_selfattn", "legacy_rel_pos": "legacy_rel_selfattn"}


def choose(what: str, name: str, choices: Mapping[str, Callable], conf: str = "encoder_conf") -> Callable:
    """Look an option's value up.

    Args:
        what: The option.
        name: Its value.
        choices: Values and what they stand for.
        conf: Where the option stands, for the message.

    Raises:
        InputError: If it is unknown.
    """
    if name not in choices:
        raise InputError(f"{conf}: unknown {what} '{name}'; choose from {', '.join(choices)}")
    return choices[name]


def resolve_relative_positions(
    rel_pos_type: str,
    pos_enc: str,
    attention: str,
    option: str = "selfattention_layer_type",
    conf: str = "encoder_conf",
) -> tuple[str, str]:
    """Apply ``rel_pos_type`` to the names of positional encoding and attention.

    ``legacy`` turns both relative names into the legacy ones; Conformer configurations from before the option say
    nothing and mean it. ``latest`` means the names as they stand and knows no legacy ones.

    Args:
        rel_pos_type: ``legacy`` or ``latest``.
        pos_enc: The ``pos_enc_layer_type``.
        attention: The attention's name.
        option: The option that holds it, for messages.
        conf: Where the options stand, for messages.

    Returns:
        The names to look up.

    Raises:
        InputError: If the three do not fit together.
    """
    if rel_pos_type == "legacy":
        pos_enc = "legacy_rel_pos" if pos_enc == "rel_pos" else pos_enc
        attention = "legacy_rel_selfattn" if attention == "rel_selfattn" else attention
        if pos_enc == "legacy_rel_pos":
            logging.info(f"{conf}: rel_pos_type legacy is for models of old releases; prefer latest for new ones")
    elif rel_pos_type != "latest":
        raise InputError(f"{conf}: unknown rel_pos_type '{rel_pos_type}'; choose legacy or latest")
    elif pos_enc == "legacy_rel_pos" or attention == "legacy_rel_selfattn":
        raise InputError(f"{conf}: legacy positions need rel_pos_type: legacy")
    wanted = PARTNERS.get(pos_enc, "selfattn")
    if attention != wanted and (pos_enc in PARTNERS or attention in PARTNERS.values()):
        raise InputError(f"{conf}: pos_enc_layer_type {pos_enc} needs {option} {wanted}, not {attention}")
    return pos_enc, attention


@dataclass
class AttentionChoice:
    """The options of attention and positions, checked against each other; makes both for each layer.

    Args:
        output_size: Model size D.
        attention_heads: Heads of each attention.
        positional_dropout_rate: Dropout of the positional encoding.
        attention_dropout_rate: Dropout on attention weights.
        rel_pos_type: See ``resolve_relative_positions``.
        pos_enc_layer_type: A key of ``POSITIONAL_ENCODINGS``.
        attention_layer_type: One of ``attentions``.
        zero_triu: Give no positional score to frames on the right (``rel_selfattn`` only).
        qk_norm: Normalise queries and keys per head (``selfattn`` only).
        max_pos_emb_len: Positions tabled at first; with legacy positions it is part of the model.
        attentions: Keys of ``ATTENTIONS``, those that the encoder knows.
        option: The encoder's name of ``attention_layer_type``.
        conf: Where the options stand, for messages.

    Raises:
        InputError: If a name is unknown, or the names do not fit together.
    """

    output_size: int
    attention_heads: int
    positional_dropout_rate: float
    attention_dropout_rate: float
    rel_pos_type: str
    pos_enc_layer_type: str
    attention_layer_type: str
    zero_triu: bool = False
    qk_norm: bool = False
    max_pos_emb_len: int = 5000
    attentions: Sequence[str] = ("selfattn", "rel_selfattn", "legacy_rel_selfattn")
    option: str = "selfattention_layer_type"
    conf: str = "encoder_conf"

    def __post_init__(self) -> None:
        choose("pos_enc_layer_type", self.pos_enc_layer_type, POSITIONAL_ENCODINGS, self.conf)
        attentions = {name: ATTENTIONS[name] for name in self.attentions}
        choose(self.option, self.attention_layer_type, attentions, self.conf)
        self.pos_enc_layer_type, self.attention_layer_type = resolve_relative_positions(
            self.rel_pos_type, self.pos_enc_layer_type, self.attention_layer_type, self.option, self.conf
        )

    def make_positions(self) -> torch.nn.Module:
        """A positional encoding."""
        pos_enc = POSITIONAL_ENCODINGS[self.pos_enc_layer_type]
        return pos_enc(self.output_size, self.positional_dropout_rate, self.max_pos_emb_len)

    def make_attention(self) -> torch.nn.Module:
        """The attention of one layer."""
        own = {"selfattn": {"qk_norm": self.qk_norm}, "rel_selfattn": {"zero_triu": self.zero_triu}}
        attention = ATTENTIONS[self.attention_layer_type]
        options = own.get(self.attention_layer_type, {})
        return attention(self.attention_heads, self.output_size, self.attention_dropout_rate, **options)

    def require_none(self) -> None:
        """Refuse an attention that cannot do without positions, where the input layer hands out none.

        Raises:
            InputError: If the attention is a relative one.
        """
        if self.attention_layer_type in PARTNERS.values():
            raise InputError(
                f"{self.conf}: input_layer null gives no positions, but {self.option} {self.attention_layer_type}"
                " needs them; choose abs_pos and selfattn"
            )

"""From the ``att_conf`` of a configuration to an attention mechanism."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from espnet2.config.registry import construct, keyword_arguments
from espnet2.layers.rnn_attention.abs_attention import AbsRNNAttention
from espnet2.layers.rnn_attention.content import AddAttention, DotAttention, NoAttention
from espnet2.layers.rnn_attention.coverage import CoverageAttention, CoverageLocationAttention
from espnet2.layers.rnn_attention.location import (
    Location2DAttention,
    LocationAttention,
    RecurrentLocationAttention,
)
from espnet2.layers.rnn_attention.multi_head import (
    MultiHeadAddAttention,
    MultiHeadDotAttention,
    MultiHeadLocationAttention,
    MultiHeadMultiResolutionLocationAttention,
)
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

# The constructor's arguments are options of ``AttentionOptions``, beside encoder_size and decoder_size.
ATTENTIONS: dict[str, type[AbsRNNAttention]] = {
    "noatt": NoAttention,
    "dot": DotAttention,
    "add": AddAttention,
    "location": LocationAttention,
    "location2d": Location2DAttention,
    "location_recurrent": RecurrentLocationAttention,
    "coverage": CoverageAttention,
    "coverage_location": CoverageLocationAttention,
    "multi_head_dot": MultiHeadDotAttention,
    "multi_head_add": MultiHeadAddAttention,
    "multi_head_loc": MultiHeadLocationAttention,
    "multi_head_multi_res_loc": MultiHeadMultiResolutionLocationAttention,
}


@dataclass(frozen=True)
class AttentionOptions:
    """``att_conf``.

    Attributes:
        atype: A key of ``ATTENTIONS``.
        num_att: Mechanisms, one for each speaker; only 1 is supported.
        num_encs: Encoders; only 1 is supported.
        aheads: Heads of the multi-head kinds.
        adim: Size of the attention (of each head).
        awin: Weight vectors that ``location2d`` sees.
        aconv_chans: Channels of convolutions over weights.
        aconv_filts: Frames that these see on each side.
        han_mode: Attention over several encoders: not supported.
        han_type, han_heads, han_dim, han_conv_chans, han_conv_filts, han_win: Have no meaning without it.

    Raises:
        InputError: If something is asked for that is not supported.
    """

    atype: str = "location"
    num_att: int = 1
    num_encs: int = 1
    aheads: int = 4
    adim: int = 320
    awin: int = 5
    aconv_chans: int = 10
    aconv_filts: int = 100
    han_mode: bool = False
    han_type: str | None = None
    han_heads: int = 4
    han_dim: int = 320
    han_conv_chans: int = -1
    han_conv_filts: int = 100
    han_win: int = 5

    def __post_init__(self) -> None:
        for name in ("num_att", "num_encs"):
            if getattr(self, name) != 1:
                raise InputError(f"decoder_conf: att_conf: {name} must be 1: one encoder and one speaker are supported")
        if self.han_mode:
            raise InputError("decoder_conf: att_conf: han_mode, attention over several encoders, is not supported")
        if self.atype.lower() not in ATTENTIONS:
            raise InputError(
                f"decoder_conf: att_conf: unknown atype '{self.atype}'.{did_you_mean(self.atype, list(ATTENTIONS))}"
            )


def build_attention(att_conf: Mapping[str, Any], encoder_size: int, decoder_size: int) -> AbsRNNAttention:
    """Make the attention that the options describe.

    Args:
        att_conf: See ``AttentionOptions``.
        encoder_size: Size of the encoder's frames.
        decoder_size: Size of the decoder's state.

    Raises:
        InputError: If an option is unknown or its value not supported.
    """
    options = construct(AttentionOptions, att_conf, "decoder_conf: att_conf")
    class_ = ATTENTIONS[options.atype.lower()]
    known = {**vars(options), "encoder_size": encoder_size, "decoder_size": decoder_size}
    return class_(**{name: known[name] for name in keyword_arguments(class_)})

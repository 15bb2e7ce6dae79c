"""Which attentions of a synthesising Transformer are guided, and their losses."""

# Shapes: B batch, N tokens, S steps
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.tts.parts.guided_attention_loss import GuidedAttention, GuidedAttentionLoss
from espnet2.utils.errors import InputError

KINDS = {"encoder": "enc_attn_loss", "decoder": "dec_attn_loss", "encoder-decoder": "enc_dec_attn_loss"}


class GuidedAttentions:
    """Makes attentions, guided ones in the last layers.

    Args:
        num_heads: Heads of each attention.
        size: Model size.
        num_guided_layers: So many layers are guided.
        num_guided_heads: So many heads of each.
        kinds: Keys of ``KINDS`` in a list, or in a word: ``encoder-decoder`` as a word says all three, and so do the
            published configurations.
        criterion: The loss; None to guide nothing.

    Raises:
        InputError: If there are no layers or heads to guide.
    """

    def __init__(
        self,
        num_heads: int,
        size: int,
        num_guided_layers: int,
        num_guided_heads: int,
        kinds: str | Sequence[str],
        criterion: GuidedAttentionLoss | None,
    ) -> None:
        if criterion is not None and min(num_guided_layers, num_guided_heads) < 1:
            raise InputError("tts_conf: num_layers_ and num_heads_applied_guided_attn must be positive")
        self.num_heads = num_heads
        self.size = size
        self.num_guided_layers = num_guided_layers
        self.num_guided_heads = num_guided_heads
        self.kinds = [] if criterion is None else [kind for kind in KINDS if kind in kinds]
        self.criterion = criterion

    def make(self, kind: str, number: int, num_layers: int, dropout_rate: float) -> MultiHeadedAttention:
        """The attention of a kind in a layer.

        Args:
            kind: A key of ``KINDS``.
            number: Of the layer, from 0.
            num_layers: How many there are.
            dropout_rate: Dropout on the attention's weights.
        """
        if kind not in self.kinds or number < num_layers - self.num_guided_layers:
            return MultiHeadedAttention(self.num_heads, self.size, dropout_rate)
        return GuidedAttention(self.num_heads, self.size, dropout_rate, self.num_guided_heads)

    def losses(
        self, attentions: Mapping[str, Sequence[torch.nn.Module]], text_lengths: Tensor, num_steps: Tensor
    ) -> dict[str, Tensor]:
        """The loss of each guided kind, after a batch.

        Args:
            attentions: Kind -> all its attentions.
            text_lengths: Tokens of each utterance.
            num_steps: Steps of each utterance.

        Shapes:
            text_lengths (B,), num_steps (B,)
        """
        queries_of = {"encoder": text_lengths, "decoder": num_steps, "encoder-decoder": num_steps}
        keys_of = {"encoder": text_lengths, "decoder": num_steps, "encoder-decoder": text_lengths}
        found = {}
        for kind in self.kinds:
            guided = [attention for attention in attentions[kind] if isinstance(attention, GuidedAttention)]
            weights = torch.cat([attention.take_guided() for attention in guided], 1)
            criterion = cast(GuidedAttentionLoss, self.criterion)
            found[KINDS[kind]] = criterion(weights, keys_of[kind], queries_of[kind])
        return found

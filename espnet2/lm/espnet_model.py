"""The language model's task: cross entropy of each token given the earlier ones, eos included."""
# Shapes: B batch, L labels
from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.lm.abs_model import AbsLM
from espnet2.train.abs_espnet_model import AbsESPnetModel


class ESPnetLanguageModel(AbsESPnetModel):
    """A language model with its loss. The last id stands for sos and eos, and id 0 for padding.

    Args:
        lm: Tokens to logits.
        vocab_size: V.
        ignore_id: Id of padding.
    """

    def __init__(self, lm: AbsLM, vocab_size: int, ignore_id: int = 0):
        super().__init__()
        self.lm = lm
        self.sos = vocab_size - 1
        self.eos = vocab_size - 1
        self.ignore_id = ignore_id

    def nll(self, text: Tensor, text_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each token, and at last of eos; 0 on padding.

        Shapes:
            text (B, L), text_lengths (B,) -> (B, L + 1), (B,)
        """
        text = text[:, : int(text_lengths.max())]
        padding = make_pad_mask(text_lengths, text.size(1))
        text = text.masked_fill(padding.to(text.device), self.ignore_id)
        tokens = F.pad(text, (1, 0), value=self.sos)  # (B, L + 1)
        targets = F.pad(text, (0, 1), value=self.ignore_id).scatter(1, text_lengths.unsqueeze(1), self.eos)
        logits, _ = self.lm(tokens, None)
        nll = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        lengths = text_lengths + 1
        return nll.masked_fill(make_pad_mask(lengths, nll.size(1)), 0.0), lengths

    def forward(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, **unused: Any
    ) -> tuple[Tensor, Mapping[str, Tensor], Tensor]:
        """Mean over all tokens, eos included; their number is the weight.

        Shapes:
            text (B, L), text_lengths (B,) -> scalar, statistics, scalar
        """
        nll, lengths = self.nll(text, text_lengths)
        num_tokens = lengths.sum()
        loss = nll.sum() / num_tokens
        return loss, {"loss": loss.detach()}, num_tokens

    def collect_feats(self, **batch: Tensor) -> dict[str, Tensor]:
        """Text has no features to collect statistics of."""
        return {}

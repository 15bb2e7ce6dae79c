"""Where a decoder listens while a search writes token after token, and whether it jumps back.

With ``a_i(t)`` the attention of token i, as the probability that the token was said in frame t, the probability that it
was said before the last one is::

    sum_t a_i(t) sum_{s > t} a_{i-1}(s)
"""
# Shapes: U utterances, K hypotheses of each, T frames, T' frames when the last token was scored
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.search.scorer import take_hypotheses


class SourceWatch(NamedTuple):
    """Of the tokens that were scored last."""

    weights: Tensor  # (U, K, T)  their attention, the mean of all layers and heads
    back: Tensor  # (U, K)     the probability that it has jumped back

    @classmethod
    def begin(cls, num_utterances: int, like: Tensor) -> "SourceWatch":
        """Before the first token, which cannot jump back."""
        return cls(like.new_zeros(num_utterances, 1, 0), like.new_zeros(num_utterances, 1))

    def look(self, weights: list[Tensor]) -> "SourceWatch":
        """The next tokens.

        Args:
            weights: Attention of each layer, each (U, H, K, T).
        """
        now = torch.stack([layer.mean(1) for layer in weights]).mean(0)  # (U, K, T)
        last = F.pad(self.weights, (0, now.size(2) - self.weights.size(2)))
        later = last.flip(2).cumsum(2).flip(2) - last  # sum_{s > t} a_{i-1}(s)
        return SourceWatch(now, (now * later).sum(2))

    def take(self, parents: Tensor) -> "SourceWatch":
        """Of the survivors: parents (U, K')."""
        return SourceWatch(take_hypotheses(self.weights, parents), take_hypotheses(self.back, parents))

    def keep(self, utterances: Tensor) -> "SourceWatch":
        """Of some utterances: (U',)."""
        return SourceWatch(self.weights.index_select(0, utterances), self.back.index_select(0, utterances))

    def forget(self, num_frames: int) -> "SourceWatch":
        """When the first frames are no longer heard."""
        return self._replace(weights=self.weights[:, :, num_frames:])

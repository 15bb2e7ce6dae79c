"""The loss that teaches attention to go through the text from left to right.

Tachibana, Uenoyama, Aihara, "Efficiently Trainable Text-to-Speech System Based on Deep Convolutional Networks with Guided
Attention", 2018, https://arxiv.org/abs/1710.08969, section 4.1.
"""

# Shapes: B batch, H heads, L queries (steps of the output), T keys (tokens)
import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.mask import make_pad_mask


class GuidedAttentionLoss(torch.nn.Module):
    """``(1 - exp(-(t / T - l / L)^2 / 2 sigma^2)) * weights``, mean over what is not padding.

    Args:
        sigma: How far from the diagonal is still free of charge.
        scale: A factor.
    """

    def __init__(self, sigma: float = 0.4, scale: float = 1.0) -> None:
        super().__init__()
        self.sigma = sigma
        self.scale = scale

    def forward(self, weights: Tensor, key_lengths: Tensor, query_lengths: Tensor) -> Tensor:
        """The loss of attention weights.

        Shapes:
            weights (B, L, T) or (B, H, L, T), key_lengths (B,), query_lengths (B,)
        """
        if weights.dim() == 3:
            weights = weights.unsqueeze(1)
        num_queries, num_keys = weights.shape[2:]
        guide = self.guide(num_queries, num_keys, key_lengths, query_lengths)
        num_weights = (key_lengths * query_lengths).sum() * weights.size(1)
        return self.scale * (weights * guide.unsqueeze(1)).sum() / num_weights

    def guide(self, num_queries: int, num_keys: int, key_lengths: Tensor, query_lengths: Tensor) -> Tensor:
        """The charge of each weight; 0 for padding.

        Shapes:
            key_lengths (B,), query_lengths (B,) -> (B, L, T)
        """
        progress = [
            torch.arange(size, device=lengths.device) / lengths.unsqueeze(1)
            for size, lengths in ((num_queries, query_lengths), (num_keys, key_lengths))
        ]
        distance = progress[1].unsqueeze(1) - progress[0].unsqueeze(2)
        is_padding = make_pad_mask(query_lengths, num_queries).unsqueeze(2) | make_pad_mask(
            key_lengths, num_keys
        ).unsqueeze(1)
        return (1.0 - torch.exp(-(distance**2) / (2 * self.sigma**2))).masked_fill(is_padding, 0.0)


class GuidedAttention(MultiHeadedAttention):
    """Attention some of whose heads are guided: their weights are handed out, with their gradient.

    Only these weights exist; all heads' contexts still come from one fused kernel.

    Args:
        n_head: Number of heads.
        n_feat: Model size.
        dropout_rate: Dropout on the attention weights.
        num_guided_heads: The first so many heads are guided.
    """

    def __init__(self, n_head: int, n_feat: int, dropout_rate: float, num_guided_heads: int) -> None:
        super().__init__(n_head, n_feat, dropout_rate)
        self.num_guided_heads = num_guided_heads
        self._guided: Tensor | None = None

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Attend; see ``MultiHeadedAttention.forward``."""
        queries = self.project_query(query)
        keys, values = self.project_key_value(key, value)
        heads = slice(self.num_guided_heads)
        self._guided = self.weights(queries[:, heads], keys[:, heads], mask)
        return self.attend(queries, keys, values, mask)

    def take_guided(self) -> Tensor:
        """The guided heads' weights of the last call, once.

        Shapes:
            -> (B, guided heads, L, T)
        """
        guided, self._guided = self._guided, None
        assert guided is not None
        return guided

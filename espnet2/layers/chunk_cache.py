"""What a layer keeps of earlier frames while utterances come chunk by chunk."""

# Shapes: B streams, H heads, K frames kept, L frames of a chunk, C frames kept by convolutions, D model size, d_k = D / H
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.relative_attention import RelPositionMultiHeadedAttention


class LayerState(NamedTuple):
    """What one layer keeps of one stream."""

    keys: Tensor  # (H, K, d_k)
    values: Tensor  # (H, K, d_k)
    convolved: Tensor  # (D, C)


class ChunkCache:
    """What one layer keeps of several streams; those with fewer frames are filled up in front.

    Args:
        states: One of each stream.
    """

    def __init__(self, states: Sequence[LayerState]):
        self._keys, self._values = (_stack([state[part] for state in states]) for part in (0, 1))
        self._convolved = torch.stack([state.convolved for state in states])

    def attend(self, attention: MultiHeadedAttention, x: Tensor, mask: Tensor | None, pos_emb: Tensor | None) -> Tensor:
        """Let the frames of a chunk look at what is kept and at themselves, and keep them.

        Shapes:
            x (B, L, D), mask (B, 1, K + L), pos_emb (1, R, D) -> (B, L, D)
        """
        keys, values = attention.project_key_value(x, x)
        self._keys = torch.cat([self._keys, keys], 2)
        self._values = torch.cat([self._values, values], 2)
        if isinstance(attention, RelPositionMultiHeadedAttention):
            assert pos_emb is not None
            return attention.attend_projected(x, self._keys, self._values, pos_emb, mask)
        return attention.attend(attention.project_query(x), self._keys, self._values, mask)

    def convolve(self, module: ConvolutionModule, x: Tensor) -> Tensor:
        """Run a causal convolution module.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        x, self._convolved = module.stream(x, self._convolved)
        return x

    def state(self, row: int, num_kept: int) -> LayerState:
        """What is to be kept of one stream: its last frames."""
        start = self._keys.size(2) - num_kept
        parts = self._keys[row, :, start:], self._values[row, :, start:], self._convolved[row]
        is_alone = len(self._keys) == 1
        return LayerState(*(part if is_alone else part.clone() for part in parts))  # a view would keep the others alive


def _stack(parts: Sequence[Tensor]) -> Tensor:
    """Shapes: parts [(H, <= K, d_k)] -> (B, H, K, d_k)."""
    if len(parts) == 1:
        return parts[0].unsqueeze(0)
    longest = max(part.size(1) for part in parts)
    return torch.stack([torch.nn.functional.pad(part, (0, 0, longest - part.size(1), 0)) for part in parts])

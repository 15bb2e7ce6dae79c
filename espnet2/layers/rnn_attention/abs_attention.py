"""What the attention mechanisms of the recurrent decoder share.

Each step, the decoder's state asks which frames matter now; the answer depends on what mattered before as well, so there
is a memory that goes from step to step. All of it is made for K hypotheses of each of U utterances: what is computed of
the frames alone exists once for an utterance (training: K = 1).
"""

# Shapes: U utterances, K hypotheses of each, T frames, E encoder's size, Q decoder's size, A attention's size, H heads
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.layers.mask import make_pad_mask

Memory = tuple[Tensor, ...]  # each (U, K, ...)


class Source(NamedTuple):
    """The encoder's output as the attention reads it."""

    keys: Tensor  # (U, T, A), or (U, H, T, A)
    values: Tensor  # (U, T, E), or (U, H, T, A)
    pad_mask: Tensor  # (U, T)
    ask: Callable[[Tensor], Tensor] | None = None  # (U, Q) -> (U, A), the state's part of the energies in a run of steps

    def keep(self, utterances: Tensor) -> "Source":
        """Some of the utterances: utterances (U',) row numbers."""
        keys, values, pad_mask = (part.index_select(0, utterances) for part in self[:3])
        return Source(keys, values, pad_mask, self.ask)


class AbsRNNAttention(torch.nn.Module, ABC):
    """Weighs the frames of an utterance.

    Attributes:
        scaling: Sharpness, a factor on the energies before the softmax.
        num_heads: H; with a single head the weights have no axis for it.
        keep_attention: Set True to have the decoder leave the weights of its last call in ``attn`` (B, H, L, T).
    """

    scaling = 2.0
    num_heads = 1

    def __init__(self) -> None:
        super().__init__()
        self.keep_attention = False
        self.attn: Tensor | None = None

    def prepare(self, encoded: Tensor, lengths: Tensor) -> Source:
        """Compute what depends on the frames alone. A row without frames counts as one of a single frame.

        Shapes:
            encoded (U, T, E), lengths (U,)
        """
        pad_mask = make_pad_mask(lengths.clamp(min=1), encoded.size(1)).to(encoded.device)
        return Source(*self.project(encoded), pad_mask)

    @abstractmethod
    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values.

        Shapes:
            encoded (U, T, E) -> as in ``Source``
        """

    def start(self, source: Source) -> Memory:
        """The memory of one hypothesis per utterance before the first step, as if it had weighed all frames alike."""
        return ()

    @abstractmethod
    def energies(self, source: Source, query: Tensor, memory: Memory) -> Tensor:
        """How well each frame fits.

        Shapes:
            query (U, K, Q) -> (U, K, T) or (U, K, H, T)
        """

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """The memory after a step.

        Shapes:
            weights (U, K, T) or (U, K, H, T)
        """
        return memory

    def forward(self, source: Source, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor, Memory]:
        """Weigh the frames for one step.

        Returns:
            The weighted mean of the frames, the weights, and the memory for the next step.

        Shapes:
            query (U, K, Q) -> (U, K, E), (U, K, T) or (U, K, H, T)
        """
        energies = self.scaling * self.energies(source, query, memory)
        weights = energies.masked_fill(_beside(source.pad_mask, energies), -torch.inf).softmax(-1)
        return self.read(source, weights), weights, self.remember(source, memory, weights)

    def read(self, source: Source, weights: Tensor) -> Tensor:
        """The weighted mean of the frames.

        Shapes:
            weights (U, K, T) -> (U, K, E)
        """
        return weights @ source.values


def uniform_weights(source: Source, num_heads: int = 1) -> Tensor:
    """Weights of one hypothesis per utterance, the same for all its frames.

    Shapes:
        -> (U, 1, T), or (U, 1, H, T) for several heads
    """
    is_frame = ~source.pad_mask
    weights = (is_frame / is_frame.sum(1, keepdim=True)).to(source.keys.dtype).unsqueeze(1)
    return weights if num_heads == 1 else weights.unsqueeze(2).expand(-1, -1, num_heads, -1)


def _beside(pad_mask: Tensor, energies: Tensor) -> Tensor:
    """Shapes: pad_mask (U, T), energies (U, K, T) or (U, K, H, T) -> (U, 1, T) or (U, 1, 1, T)."""
    return pad_mask.view(len(pad_mask), *[1] * (energies.dim() - 2), -1)

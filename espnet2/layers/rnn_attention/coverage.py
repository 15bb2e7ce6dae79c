"""Attention that looks at where it has looked so far in all.

See, Liu, Manning, "Get To The Point: Summarization with Pointer-Generator Networks", 2017,
https://arxiv.org/abs/1704.04368, equations 10 and 11. The uniform weights before the first step count as well.
"""

# Shapes: U utterances, K hypotheses of each, T frames, A attention's size
import torch
from torch import Tensor

from espnet2.layers.rnn_attention.abs_attention import Memory, Source, uniform_weights
from espnet2.layers.rnn_attention.content import AddAttention
from espnet2.layers.rnn_attention.location import LocationAttention


class CoverageAttention(AddAttention):
    """The sum of all weights so far.

    Args:
        encoder_size: Encoder's size.
        decoder_size: Decoder's size.
        adim: A.
    """

    def __init__(self, encoder_size: int, decoder_size: int, adim: int) -> None:
        super().__init__(encoder_size, decoder_size, adim)
        self.wvec = torch.nn.Linear(1, adim)

    def start(self, source: Source) -> Memory:
        """Uniform weights."""
        return (uniform_weights(source),)

    def features(self, memory: Memory) -> Tensor:
        """Shapes: -> (U, K, T, A)."""
        return self.wvec(memory[0].unsqueeze(-1))

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (U, K, T)."""
        return (memory[0] + weights,)


class CoverageLocationAttention(LocationAttention):
    """The sum of all weights so far, through a convolution."""

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (U, K, T)."""
        return (memory[0] + weights,)

"""Attention with several heads, each with maps of its own; their results are joined by one more map.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.2.2.
"""

# Shapes: U utterances, K hypotheses of each, T frames, E encoder's size, Q decoder's size, A head's size, C channels,
#         H heads
import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from espnet2.layers.rnn_attention.abs_attention import AbsRNNAttention, Memory, Source, uniform_weights
from espnet2.layers.rnn_attention.location import convolve, location_convolution


def _apply(modules: Iterable[torch.nn.Module], x: Tensor, dim: int) -> Tensor:
    """What each head's module makes of the same tensor, the heads along a new axis."""
    return torch.stack([module(x) for module in modules], dim)


class MultiHeadDotAttention(AbsRNNAttention):
    """Product of frame and state: ``tanh(K h_t) . tanh(Q z + b)`` for each head.

    Args:
        encoder_size: E.
        decoder_size: Q.
        aheads: H.
        adim: A.
    """

    def __init__(self, encoder_size: int, decoder_size: int, aheads: int, adim: int) -> None:
        super().__init__()
        self.num_heads = aheads
        self.scaling = 1.0 / math.sqrt(adim)

        def maps(in_size: int, out_size: int, bias: bool) -> torch.nn.ModuleList:
            return torch.nn.ModuleList(torch.nn.Linear(in_size, out_size, bias) for _ in range(aheads))

        self.mlp_q = maps(decoder_size, adim, bias=True)
        self.mlp_k = maps(encoder_size, adim, bias=False)
        self.mlp_v = maps(encoder_size, adim, bias=False)
        self.mlp_o = torch.nn.Linear(aheads * adim, encoder_size, bias=False)

    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: encoded (U, T, E) -> (U, H, T, A), (U, H, T, A)."""
        return torch.tanh(_apply(self.mlp_k, encoded, 1)), _apply(self.mlp_v, encoded, 1)

    def energies(self, source: Source, query: Tensor, memory: Memory) -> Tensor:
        """Shapes: query (U, K, Q) -> (U, K, H, T)."""
        queries = torch.tanh(_apply(self.mlp_q, query, 1))  # (U, H, K, A)
        return (queries @ source.keys.transpose(2, 3)).transpose(1, 2)

    def read(self, source: Source, weights: Tensor) -> Tensor:
        """The weighted mean of each head's values, joined.

        Shapes:
            weights (U, K, H, T) -> (U, K, E)
        """
        return self.mlp_o((weights.transpose(1, 2) @ source.values).transpose(1, 2).flatten(2))


class MultiHeadAddAttention(MultiHeadDotAttention):
    """Sum of frame, state and, in derived classes, memory: ``g . tanh(K h_t + Q z + b + memory_t)`` for each head."""

    def __init__(self, encoder_size: int, decoder_size: int, aheads: int, adim: int) -> None:
        super().__init__(encoder_size, decoder_size, aheads, adim)
        self.gvec = torch.nn.ModuleList(torch.nn.Linear(adim, 1) for _ in range(aheads))

    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: encoded (U, T, E) -> (U, H, T, A), (U, H, T, A)."""
        return _apply(self.mlp_k, encoded, 1), _apply(self.mlp_v, encoded, 1)

    def energies(self, source: Source, query: Tensor, memory: Memory) -> Tensor:
        """Shapes: query (U, K, Q) -> (U, K, H, T)."""
        energies = []
        for head, (mlp_q, gvec) in enumerate(zip(self.mlp_q, self.gvec)):
            terms = source.keys[:, head].unsqueeze(1) + mlp_q(query).unsqueeze(2)  # (U, K, T, A)
            remembered = self.features(head, memory)
            terms = terms if remembered is None else terms + remembered
            energies.append(gvec(torch.tanh(terms)).squeeze(-1))
        return torch.stack(energies, 2)

    def features(self, head: int, memory: Memory) -> Tensor | None:
        """What the memory adds for a head; None for nothing.

        Shapes:
            -> (U, K, T, A)
        """
        return None


class MultiHeadLocationAttention(MultiHeadAddAttention):
    """Each head's last weights, through a convolution of its own.

    Args:
        encoder_size: E.
        decoder_size: Q.
        aheads: H.
        adim: A.
        aconv_chans: C.
        aconv_filts: Frames that the convolutions see on each side.
    """

    def __init__(
        self, encoder_size: int, decoder_size: int, aheads: int, adim: int, aconv_chans: int, aconv_filts: int
    ) -> None:
        super().__init__(encoder_size, decoder_size, aheads, adim)
        self.scaling = 2.0
        self.loc_conv = torch.nn.ModuleList(
            location_convolution(aconv_chans, own) for own in self.filter_sizes(aconv_filts)
        )
        self.mlp_att = torch.nn.ModuleList(torch.nn.Linear(aconv_chans, adim, bias=False) for _ in range(aheads))

    def filter_sizes(self, aconv_filts: int) -> Sequence[int]:
        """Frames that each head's convolution sees on each side."""
        return [aconv_filts] * self.num_heads

    def start(self, source: Source) -> Memory:
        """Uniform weights for each head."""
        return (uniform_weights(source, self.num_heads),)

    def features(self, head: int, memory: Memory) -> Tensor:
        """Shapes: -> (U, K, T, A)."""
        return self.mlp_att[head](convolve(self.loc_conv[head], memory[0][:, :, head : head + 1]))

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (U, K, H, T)."""
        return (weights,)


class MultiHeadMultiResolutionLocationAttention(MultiHeadLocationAttention):
    """The same with convolutions that see the wider the later the head."""

    def __init__(
        self, encoder_size: int, decoder_size: int, aheads: int, adim: int, aconv_chans: int, aconv_filts: int
    ) -> None:
        super().__init__(encoder_size, decoder_size, aheads, adim, aconv_chans, aconv_filts)
        self.scaling = 1.0 / math.sqrt(adim)

    def filter_sizes(self, aconv_filts: int) -> Sequence[int]:
        """Equal shares of the widest."""
        return [aconv_filts * (head + 1) // self.num_heads for head in range(self.num_heads)]

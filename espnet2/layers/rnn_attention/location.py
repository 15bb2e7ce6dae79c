"""Attention that also looks at where it has looked just before.

Chorowski, Bahdanau, Serdyuk, Cho, Bengio, "Attention-Based Models for Speech Recognition", 2015,
https://arxiv.org/abs/1506.07503, equations 8 and 9.
"""

# Shapes: U utterances, K hypotheses of each, T frames, A attention's size, C channels, W weight vectors
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.rnn_attention.abs_attention import Memory, Source, uniform_weights
from espnet2.layers.rnn_attention.content import AddAttention


def location_convolution(channels: int, filter_size: int, window: int = 1) -> torch.nn.Conv2d:
    """Convolution over weights; each frame sees ``filter_size`` frames on both sides.

    Args:
        channels: C.
        filter_size: Frames on each side.
        window: Weight vectors W that it sees together.
    """
    return torch.nn.Conv2d(1, channels, (window, 2 * filter_size + 1), padding=(0, filter_size), bias=False)


def convolve(convolution: torch.nn.Module, weights: Tensor) -> Tensor:
    """The convolution of ``location_convolution``, as a product: so few channels are faster that way, above all back.

    Shapes:
        weights (U, K, W, T) -> (U, K, T, C)
    """
    if type(convolution) is not torch.nn.Conv2d:  # laid out for the processor
        features = convolution(weights.flatten(0, 1).unsqueeze(1))  # (U * K, C, 1, T)
        return features.squeeze(2).transpose(1, 2).unflatten(0, weights.shape[:2])
    num_taps = convolution.kernel_size[1]
    seen = F.pad(weights, (num_taps // 2, num_taps // 2)).unfold(-1, num_taps, 1)  # (U, K, W, T, taps)
    return F.linear(seen.transpose(2, 3).flatten(3), convolution.weight.flatten(1))


class LocationAttention(AddAttention):
    """The last weights, through a convolution.

    Args:
        encoder_size: Encoder's size.
        decoder_size: Decoder's size.
        adim: A.
        aconv_chans: C.
        aconv_filts: Frames that the convolution sees on each side.
    """

    def __init__(self, encoder_size: int, decoder_size: int, adim: int, aconv_chans: int, aconv_filts: int) -> None:
        super().__init__(encoder_size, decoder_size, adim)
        self.mlp_att = torch.nn.Linear(aconv_chans, adim, bias=False)
        self.loc_conv = location_convolution(aconv_chans, aconv_filts)

    def start(self, source: Source) -> Memory:
        """Uniform weights."""
        return (uniform_weights(source),)

    def features(self, memory: Memory) -> Tensor:
        """Shapes: -> (U, K, T, A)."""
        return self.mlp_att(convolve(self.loc_conv, memory[0].unsqueeze(2)))

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (U, K, T)."""
        return (weights,)


class Location2DAttention(LocationAttention):
    """The last few weights, oldest first, through a convolution over frames and steps.

    Args:
        encoder_size: Encoder's size.
        decoder_size: Decoder's size.
        adim: A.
        aconv_chans: C.
        aconv_filts: Frames that the convolution sees on each side.
        awin: Weight vectors W that it sees together.
    """

    def __init__(
        self, encoder_size: int, decoder_size: int, adim: int, aconv_chans: int, aconv_filts: int, awin: int
    ) -> None:
        super().__init__(encoder_size, decoder_size, adim, aconv_chans, aconv_filts)
        self.loc_conv = location_convolution(aconv_chans, aconv_filts, awin)
        self.awin = awin

    def start(self, source: Source) -> Memory:
        """As many uniform weights as the convolution sees."""
        return (uniform_weights(source).unsqueeze(2).expand(-1, -1, self.awin, -1),)

    def features(self, memory: Memory) -> Tensor:
        """Shapes: -> (U, K, T, A)."""
        return self.mlp_att(convolve(self.loc_conv, memory[0]))

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (U, K, T)."""
        return (torch.cat([memory[0][:, :, 1:], weights.unsqueeze(2)], 2),)


class RecurrentLocationAttention(AddAttention):
    """A summary of all weights so far: their convolutions' maxima over time, in an LSTM.

    Args:
        encoder_size: Encoder's size.
        decoder_size: Decoder's size.
        adim: A.
        aconv_chans: C.
        aconv_filts: Frames that the convolution sees on each side.
    """

    def __init__(self, encoder_size: int, decoder_size: int, adim: int, aconv_chans: int, aconv_filts: int) -> None:
        super().__init__(encoder_size, decoder_size, adim)
        self.loc_conv = location_convolution(aconv_chans, aconv_filts)
        self.att_lstm = torch.nn.LSTMCell(aconv_chans, adim, bias=False)

    def start(self, source: Source) -> Memory:
        """The summary of uniform weights."""
        weights = uniform_weights(source)
        nothing = weights.new_zeros(*weights.shape[:2], self.att_lstm.hidden_size)
        return self.remember(source, (nothing, nothing), weights)

    def features(self, memory: Memory) -> Tensor:
        """Shapes: -> (U, K, 1, A)."""
        return memory[0].unsqueeze(2)

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (U, K, T)."""
        features = convolve(self.loc_conv, weights.unsqueeze(2)).relu()  # (U, K, T, C)
        strongest = features.masked_fill(source.pad_mask[:, None, :, None], 0.0).amax(2)
        hidden, cells = (part.flatten(0, 1) for part in memory)
        state = self.att_lstm(strongest.flatten(0, 1), (hidden, cells))
        return tuple(part.unflatten(0, weights.shape[:2]) for part in state)

"""Recurrent encoder behind the first convolutions of a picture classifier.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014,
https://arxiv.org/abs/1409.1556; in speech: Hori, Watanabe, Zhang, Chan, "Advances in Joint CTC-Attention based
End-to-End Speech Recognition with a Deep CNN Encoder and RNN-LM", 2017, https://arxiv.org/abs/1706.02737.
"""

# Shapes: B batch, T frames, S = ceil(ceil(T / 2) / 2), F features, C channels, D model size
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.asr.encoder.rnn_encoder import RNNEncoder
from espnet2.utils.errors import InputError

WIDTHS = (64, 128)  # channels of the two pairs of convolutions


def pooled(length: int | Tensor) -> int | Tensor:
    """What two poolings by 2 leave, a last odd one included."""
    return ((length + 1) // 2 + 1) // 2


class VGG2L(torch.nn.Module):
    """Two pairs of convolutions over time and frequency, each followed by pooling by 2 in both.

    Frames at the end of a shorter utterance see the padding that the convolutions have made something of, so that its
    last encoded frames differ a little from those of the utterance alone. Trained models know no other.

    Args:
        input_size: Features F of all channels.
        in_channel: Channels C, which lie one after another in the features.

    Raises:
        InputError: If F is not a multiple of C.
    """

    def __init__(self, input_size: int, in_channel: int) -> None:
        super().__init__()
        if input_size % in_channel:
            raise InputError(f"encoder_conf: in_channel {in_channel} does not divide the {input_size} features")
        first, second = WIDTHS
        self.in_channel = in_channel
        self.output_size = second * int(pooled(input_size // in_channel))
        self.conv1_1 = torch.nn.Conv2d(in_channel, first, 3, padding=1)
        self.conv1_2 = torch.nn.Conv2d(first, first, 3, padding=1)
        self.conv2_1 = torch.nn.Conv2d(first, second, 3, padding=1)
        self.conv2_2 = torch.nn.Conv2d(second, second, 3, padding=1)

    def forward(self, xs: Tensor, ilens: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve and subsample.

        Shapes:
            xs (B, T, F), ilens (B,) -> (B, S, 128 * ceil(ceil(F / C / 2) / 2)), (B,)
        """
        xs = xs.unflatten(2, (self.in_channel, -1)).transpose(1, 2)  # (B, C, T, F / C)
        for convolution, is_pooled in (
            (self.conv1_1, False),
            (self.conv1_2, True),
            (self.conv2_1, False),
            (self.conv2_2, True),
        ):
            xs = F.relu(convolution(xs))
            if is_pooled:
                xs = F.max_pool2d(xs, 2, ceil_mode=True)
        return xs.transpose(1, 2).flatten(2), torch.as_tensor(pooled(ilens))


class VGGRNNEncoder(RNNEncoder):
    """Convolutions, then a recurrent encoder without subsampling of its own.

    Args:
        input_size: Features F.
        rnn_type: ``lstm`` or ``gru``.
        bidirectional: Whether frames after a frame count too.
        use_projection: See ``RNNEncoder``.
        num_layers: Number of recurrent layers.
        hidden_size: Hidden units of each direction.
        output_size: Model size D.
        dropout: See ``RNNEncoder``.
        in_channel: Channels of the features, which lie one after another.

    Raises:
        InputError: If ``rnn_type`` is unknown or ``in_channel`` does not divide F.
    """

    def __init__(
        self,
        input_size: int,
        rnn_type: str = "lstm",
        bidirectional: bool = True,
        use_projection: bool = True,
        num_layers: int = 4,
        hidden_size: int = 320,
        output_size: int = 320,
        dropout: float = 0.0,
        in_channel: int = 1,
    ) -> None:
        vgg = VGG2L(input_size, in_channel)
        super().__init__(
            vgg.output_size,
            rnn_type,
            bidirectional,
            use_projection,
            num_layers,
            hidden_size,
            output_size,
            dropout,
            subsample=None,
        )
        self.enc.insert(0, vgg)

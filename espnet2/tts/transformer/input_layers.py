"""What stands below the positions of both halves of a synthesising Transformer.

Li et al., "Neural Speech Synthesis with Transformer Network", 2019, https://arxiv.org/abs/1809.08895, sections 3.2, 3.3.
"""

# Shapes: B batch, N tokens, S steps, F features, D model size
import torch

from espnet2.layers.dropout import Dropout
from espnet2.layers.positional_encoding import PositionalEncoding, ScaledPositionalEncoding
from espnet2.tts.parts.prenet import Prenet, PrenetInput, TextInput, TextPrenet


def text_input(
    idim: int,
    size: int,
    embed_dim: int,
    num_layers: int,
    channels: int,
    kernel_size: int,
    use_batch_norm: bool,
    dropout_rate: float,
) -> torch.nn.Module:
    """Convolutions over the tokens' embedding and a linear map, or (without convolutions) the embedding alone.

    Args:
        idim: Tokens; token 0 is padding.
        size: D.
        embed_dim: Size of the embedding below convolutions.
        num_layers: Convolutions.
        channels: Their channels.
        kernel_size: Their taps.
        use_batch_norm: Normalise after them.
        dropout_rate: Dropout after them.

    Shapes:
        (B, N) -> (B, N, D)
    """
    if not num_layers:
        return torch.nn.Embedding(idim, size, padding_idx=0)
    prenet = TextPrenet(idim, embed_dim, num_layers, channels, kernel_size, use_batch_norm, False, dropout_rate)
    return TextInput(prenet, size)


def frame_input(
    odim: int,
    size: int,
    num_layers: int,
    num_units: int,
    prenet_dropout_rate: float,
    dropout_rate: float,
    positional_dropout_rate: float,
    scaled: bool,
) -> torch.nn.Sequential:
    """A prenet and a linear map, or (without a prenet) a linear map with normalisation and ReLU; then positions.

    Args:
        odim: F.
        size: D.
        num_layers: Layers of the prenet.
        num_units: Their size.
        prenet_dropout_rate: Dropout after them.
        dropout_rate: Dropout without a prenet.
        positional_dropout_rate: Dropout after the positions.
        scaled: Learn the scale of the positions.

    Shapes:
        (B, S, F) -> (B, S, D)
    """
    positions = (ScaledPositionalEncoding if scaled else PositionalEncoding)(size, positional_dropout_rate)
    if num_layers:
        prenet = Prenet(odim, num_layers, num_units, prenet_dropout_rate)
        return torch.nn.Sequential(PrenetInput(prenet, size), positions)
    linear = torch.nn.Linear(odim, size)
    return torch.nn.Sequential(linear, torch.nn.LayerNorm(size), Dropout(dropout_rate), torch.nn.ReLU(), positions)

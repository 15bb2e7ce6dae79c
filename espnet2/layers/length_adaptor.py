"""Strided convolutions that bring the number of frames nearer to that of subwords.

Li et al., "Multilingual Speech Translation from Efficient Finetuning of Pretrained Models", 2021,
https://arxiv.org/abs/2010.12829, section 2.3.
"""

# Shapes: B batch, S frames, D model size
import torch
from torch import Tensor

from espnet2.layers.too_short import TooShortUttError


def length_adaptor(size: int, num_layers: int) -> torch.nn.Sequential:
    """Convolutions over two frames each with a stride of two, and a ReLU after each.

    Args:
        size: D.
        num_layers: How many; none is the identity.
    """
    layers = [(torch.nn.Conv1d(size, size, 2, 2), torch.nn.ReLU()) for _ in range(num_layers)]
    return torch.nn.Sequential(*(part for layer in layers for part in layer))


def shorten(layers: torch.nn.Sequential, num_layers: int, xs_pad: Tensor, ilens: Tensor) -> tuple[Tensor, Tensor]:
    """Apply a ``length_adaptor``; a frame without a partner at the end is dropped.

    Raises:
        TooShortUttError: If no frame would be left of even the longest utterance.

    Shapes:
        xs_pad (B, S, D), ilens (B,) -> (B, S // 2 ** num_layers, D), (B,)
    """
    if xs_pad.size(1) < 2**num_layers:
        raise TooShortUttError("the length adaptor", xs_pad.size(1), 2**num_layers)
    ys_pad = layers(xs_pad.transpose(1, 2)).transpose(1, 2)
    return ys_pad, torch.div(ilens, 2**num_layers, rounding_mode="floor")

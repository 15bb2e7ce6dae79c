"""The ``input_layer`` of transformer-like encoders."""
# Shapes: B batch, T frames, S frames after subsampling, F features, D model size
from collections.abc import Callable

import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.layers.subsampling import CONV1D_STAGES, CONV2D_STAGES, Conv1dSubsampling, Conv2dSubsampling, Subsampling
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean


def build_input_layer(
    name: str | None,
    names: tuple[str, ...],
    input_size: int,
    output_size: int,
    dropout_rate: float,
    pos_enc: Callable[[], torch.nn.Module] | None,
    conv_pos_enc: Callable[[], torch.nn.Module] | None = None,
    padding_idx: int = -1,
    linear_relu: bool = False,
) -> torch.nn.Module:
    """Make the named input layer with the keys that checkpoints have.

    Args:
        name: The ``input_layer`` of the configuration; None for the positional encoding alone.
        names: Those that the encoder knows.
        input_size: Features F, or symbols for ``embed``.
        output_size: Model size D.
        dropout_rate: Dropout of ``linear`` and ``wav2vec``.
        pos_enc: Makes the positional encoding; None for none.
        conv_pos_enc: Makes that of the two-dimensional convolutions, when it differs.
        padding_idx: Symbol of ``embed`` that is zero and stays so; -1 for the last one.
        linear_relu: End ``linear`` in a ReLU before the positions are added.

    Raises:
        InputError: If the encoder does not know the name, or sizes differ that must agree.
    """
    if name is not None and name not in names:
        raise InputError(f"encoder_conf: unknown input_layer '{name}'.{did_you_mean(name, names)}")
    if name in CONV2D_STAGES:
        make = conv_pos_enc or pos_enc
        return Conv2dSubsampling(name, input_size, output_size, None if make is None else make())
    positions = [] if pos_enc is None else [pos_enc()]
    if name in CONV1D_STAGES:
        return Conv1dSubsampling(name, input_size, output_size, *positions)
    if name == "linear":
        layers = [torch.nn.Linear(input_size, output_size), torch.nn.LayerNorm(output_size)]
        layers += [Dropout(dropout_rate), *([torch.nn.ReLU()] if linear_relu else []), *positions]
        return torch.nn.Sequential(*layers)
    if name == "embed":
        return torch.nn.Sequential(torch.nn.Embedding(input_size, output_size, padding_idx=padding_idx), *positions)
    if input_size != output_size:
        raise InputError(f"encoder_conf: input_layer {name} needs output_size {input_size}, the size of its input")
    if name == "wav2vec":
        return torch.nn.Sequential(*positions, torch.nn.LayerNorm(output_size), Dropout(dropout_rate))
    return torch.nn.Sequential(*positions)


def build_projection(input_size: int, output_size: int) -> torch.nn.Module:
    """What stands in the place of an input layer where there is none: nothing, or a linear map between the sizes."""
    return torch.nn.Identity() if input_size == output_size else torch.nn.Linear(input_size, output_size)


def apply_input_layer(layer: torch.nn.Module, xs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
    """Run an input layer of any kind.

    Raises:
        TooShortUttError: If the longest utterance has too few frames for it.

    Returns:
        The frames, their relative positions (None when the encoding is absolute), and the mask.

    Shapes:
        xs (B, T, F), mask (B, 1, T) -> (B, S, D), (1, S or 2S - 1, D), (B, 1, S)
    """
    if isinstance(layer, Subsampling):
        ys, mask = layer(xs, mask)
    else:
        ys = layer(xs)
    return (*ys, mask) if isinstance(ys, tuple) else (ys, None, mask)

"""Input layers over pieces of a stream.

Unpadded convolutions make their j-th output of the frames from ``j * stride`` on, as far as they see. So a stream keeps
the frames from its next output's first on, a few of them, and its outputs are those of the whole.
"""
# Shapes: t frames, s frames after subsampling, F features, D model size
from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.layers.positional_encoding import ConvolutionalPositionalEmbedding, PositionalEncoding
from espnet2.layers.relative_attention import RelPositionalEncoding
from espnet2.layers.subsampling import Subsampling, least_length, output_length
from espnet2.utils.errors import InputError

POSITIONS = (PositionalEncoding, RelPositionalEncoding, ConvolutionalPositionalEmbedding)


class SubsamplingState(NamedTuple):
    """What one call hands to the next."""

    frames: Tensor  # (t, F) from the first one that the next output needs


def subsampling_factor(layer: torch.nn.Module) -> int:
    """Frames per output."""
    return prod(stride for _, stride in layer.stages) if isinstance(layer, Subsampling) else 1


def split_positions(layer: torch.nn.Module) -> tuple[Callable[[Tensor], Tensor], torch.nn.Module]:
    """An input layer as the map of frames, and the positional encoding after it (the identity if it has none).

    Raises:
        InputError: If something else follows the positions.

    Shapes:
        of the map: (B, T, F) -> (B, S, D)
    """
    if isinstance(layer, Subsampling):
        return layer.frames, layer.positions
    if not isinstance(layer, torch.nn.Sequential) or not any(isinstance(part, POSITIONS) for part in layer):
        return layer, torch.nn.Identity()
    if not isinstance(layer[-1], POSITIONS):
        raise InputError("input_layer wav2vec cannot stream: it normalises frames and positions together")
    return layer[:-1], layer[-1]


def stream_subsampling(
    layer: torch.nn.Module,
    xs: Sequence[Tensor],
    states: Sequence[SubsamplingState | None],
    finals: Sequence[bool],
) -> tuple[list[Tensor], list[SubsamplingState | None]]:
    """Run an input layer, without its positional encoding, over the next pieces of some streams.

    Args:
        layer: What ``build_input_layer`` makes.
        xs: The new frames of each stream, any number of them; symbols (t,) for the layer ``embed``.
        states: What the last call returned for the stream; None at its start.
        finals: Whether the stream ends here.

    Returns:
        The new outputs of each stream, which may be none. Joined they equal the layer's output for the whole stream, if
        it is long enough for one frame. And the new states, None after the end.

    Raises:
        InputError: If the layer's positions cannot be left out.

    Shapes:
        xs [(t, F)] -> [(s, D)], states
    """
    to_frames, _ = split_positions(layer)
    if not isinstance(layer, Subsampling):
        lengths = [len(x) for x in xs]
        return list(to_frames(torch.cat(list(xs)).unsqueeze(0)).squeeze(0).split(lengths)), [None] * len(xs)
    pending = [x if state is None else torch.cat([state.frames, x]) for x, state in zip(xs, states, strict=True)]
    counts = [_num_outputs(len(frames), layer.stages) for frames in pending]
    ready = [frames for frames, count in zip(pending, counts, strict=True) if count]
    outputs = iter(to_frames(pad_sequence(ready, batch_first=True)) if ready else ())
    nothing = xs[0].new_zeros(0, layer.output_size)
    ys = [next(outputs)[:count] if count else nothing for count in counts]
    factor = subsampling_factor(layer)
    left = [frames[count * factor :].clone() for frames, count in zip(pending, counts, strict=True)]
    return ys, [None if is_final else SubsamplingState(frames) for frames, is_final in zip(left, finals, strict=True)]


def _num_outputs(length: int, stages: list[tuple[int, int]]) -> int:
    return output_length(length, stages) if length >= least_length(stages) else 0

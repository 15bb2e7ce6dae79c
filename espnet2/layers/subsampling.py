"""Convolutions at an encoder's entrance that see a few frames at once and mostly keep fewer."""
# Shapes: B batch, T frames, S frames after subsampling, F features, G features after it, D model size
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from espnet2.layers.too_short import TooShortUttError

# Kernel size and stride of each convolution.
CONV2D_STAGES: dict[str, list[tuple[int, int]]] = {
    "conv2d": [(3, 2), (3, 2)],
    "conv2d1": [(3, 1), (3, 1)],
    "conv2d2": [(3, 2), (3, 1)],
    "conv2d6": [(3, 2), (5, 3)],
    "conv2d8": [(3, 2), (3, 2), (3, 2)],
}
CONV1D_STAGES: dict[str, list[tuple[int, int]]] = {
    "conv1d1": [(3, 1), (3, 1)],
    "conv1d2": [(3, 1), (3, 2)],
    "conv1d3": [(3, 1), (5, 3)],
}

# On a CPU the convolutions take a few utterances at a time: an output of more than some 16 MB would be fetched from the
# operating system anew at every step, which costs more than the arithmetic (measured: 2 to 4 times faster).
MAX_CPU_CHUNK_ELEMENTS = 2**22


def output_length(length: int, stages: list[tuple[int, int]]) -> int:
    """Frames (or features) that unpadded convolutions leave of so many."""
    for kernel, stride in stages:
        length = (length - kernel) // stride + 1
    return length


def least_length(stages: list[tuple[int, int]]) -> int:
    """Fewest frames of which anything is left."""
    length = 1
    for kernel, stride in reversed(stages):
        length = (length - 1) * stride + kernel
    return length


class Subsampling(torch.nn.Module, ABC):
    """What both kinds share: the stages, the refusal of short utterances, and the masks.

    In a padded batch a shorter utterance keeps more frames than it would alone, since its mask is subsampled by slicing
    (every ``stride``-th frame from the first on, as far as the longest utterance goes). Trained models expect this.

    Args:
        name: The ``input_layer`` of the configuration.
        stages: Kernel size and stride of each convolution.
    """

    def __init__(self, name: str, stages: list[tuple[int, int]]) -> None:
        super().__init__()
        self.name = name
        self.stages = stages
        self.conv: torch.nn.Sequential
        self.out: torch.nn.Module
        self.pos_enc: torch.nn.Module = torch.nn.Identity()

    @property
    def output_size(self) -> int:
        """Model size D."""
        return self._linear.out_features

    @property
    def _linear(self) -> Any:
        return self.out[0] if isinstance(self.out, torch.nn.Sequential) else self.out

    @property
    def positions(self) -> torch.nn.Module:
        """What ``forward`` applies to the frames at last; the identity if this layer has no positional encoding."""
        return self.out[1] if isinstance(self.out, torch.nn.Sequential) else self.pos_enc

    @abstractmethod
    def _convolve(self, xs: Tensor) -> Tensor:
        """Shapes: xs (B, T, F) -> (B, S, what the linear map takes)."""

    def frames(self, xs: Tensor) -> Tensor:
        """Subsample, and leave the positions out.

        Shapes:
            xs (B, T, F) -> (B, S, D)
        """
        return self._linear(self._convolve(xs))

    def forward(self, xs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Subsample.

        Raises:
            TooShortUttError: If the longest utterance has too few frames.

        Shapes:
            xs (B, T, F), mask (B, 1, T) -> (B, S, D), (B, 1, S)
        """
        self.check_length(xs.size(1))
        return self.positions(self.frames(xs)), self.subsample_mask(mask)

    def check_length(self, num_frames: int) -> None:
        """Refuse a batch of which nothing would be left.

        Raises:
            TooShortUttError: If the longest utterance has too few frames.
        """
        if num_frames < least_length(self.stages):
            raise TooShortUttError(f"input_layer {self.name}", num_frames, least_length(self.stages))

    def subsample_mask(self, mask: Tensor) -> Tensor:
        """Keep what the convolutions keep.

        Shapes:
            mask (B, 1, T) -> (B, 1, S)
        """
        for kernel, stride in self.stages:
            mask = mask[..., : 1 - kernel : stride]
        return mask


class Conv2dSubsampling(Subsampling):
    """Convolutions over time and frequency, a linear map, and the positional encoding.

    Args:
        name: A key of ``CONV2D_STAGES``.
        idim: Features F.
        odim: Model size D, also the channels of each convolution.
        pos_enc: Positional encoding of the result; None for none, and then the linear map's keys have no number.

    Raises:
        TooShortUttError: If F is smaller than the convolutions' field of view.
    """

    def __init__(self, name: str, idim: int, odim: int, pos_enc: torch.nn.Module | None) -> None:
        super().__init__(name, CONV2D_STAGES[name])
        if idim < least_length(self.stages):
            raise TooShortUttError(f"input_layer {name}", idim, least_length(self.stages), "features")
        self.channels = odim
        layers: list[torch.nn.Module] = []
        for kernel, stride in self.stages:
            layers += [torch.nn.Conv2d(odim if layers else 1, odim, kernel, stride), torch.nn.ReLU(inplace=True)]
        self.conv = torch.nn.Sequential(*layers)
        linear = torch.nn.Linear(odim * output_length(idim, self.stages), odim)
        if pos_enc is None:
            self.out = linear
        elif name == "conv2d8":  # only here checkpoints have the linear map and the encoding side by side
            self.out = linear
            self.pos_enc = pos_enc
        else:
            self.out = torch.nn.Sequential(linear, pos_enc)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        if self.name == "conv2d8":  # releases up to 2021 wrote the keys of the other kinds
            names = {"out.0.weight": "out.weight", "out.0.bias": "out.bias", "out.1.alpha": "pos_enc.alpha"}
            for old, new in names.items():
                if prefix + old in state_dict:
                    state_dict[prefix + new] = state_dict.pop(prefix + old)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _convolve(self, xs: Tensor) -> Tensor:
        elements = self.channels * output_length(xs.size(1), self.stages[:1]) * output_length(xs.size(2), self.stages[:1])
        chunk = max(1, MAX_CPU_CHUNK_ELEMENTS // elements) if xs.device.type == "cpu" else len(xs)
        if chunk >= len(xs):
            return self._convolve_at_once(xs)
        return torch.cat([self._convolve_at_once(part) for part in xs.split(chunk)])

    def _convolve_at_once(self, xs: Tensor) -> Tensor:
        return self.conv(xs.unsqueeze(1)).transpose(1, 2).flatten(2)  # (B, S, D * G), channel-major


class Conv1dSubsampling(Subsampling):
    """Convolutions over time, a linear map, and the positional encoding.

    Args:
        name: A key of ``CONV1D_STAGES``.
        idim: Features F.
        odim: Model size D.
        pos_enc: Positional encoding of the result.
    """

    def __init__(self, name: str, idim: int, odim: int, pos_enc: torch.nn.Module) -> None:
        super().__init__(name, CONV1D_STAGES[name])
        layers: list[torch.nn.Module] = []
        for kernel, stride in self.stages:
            layers += [torch.nn.Conv1d(odim if layers else idim, odim, kernel, stride), torch.nn.ReLU(inplace=True)]
        self.conv = torch.nn.Sequential(*layers)
        self.out = torch.nn.Sequential(torch.nn.Linear(odim, odim), pos_enc)

    def _convolve(self, xs: Tensor) -> Tensor:
        return self.conv(xs.transpose(1, 2)).transpose(1, 2)

"""Band-pass filters that a network learns by their edges alone.

Ravanelli and Bengio, "Speaker Recognition from Raw Waveform with SincNet", 2018, https://arxiv.org/abs/1808.00158, equations 4-6.
"""

# Shapes: n windows, W samples, K filters, L taps
import math

import torch
from torch import Tensor

from espnet2.utils.errors import InputError


class SincFilters(torch.nn.Module):
    """Convolution with differences of two low-pass filters.

    Args:
        num_filters: K.
        kernel_size: Taps L (odd).
        sample_rate: In Hz.
        windowing_type: Taper of the filters, ``hamming`` or ``none``.
        scale_type: How the filters are spread at first: ``mel``, overlapping by halves from 30 Hz to half the sample rate;
            or ``bark``, one Bark wide each, with centres from 70 Hz to 0.45 of the sample rate.

    Raises:
        InputError: If the taper or the scale is unknown.
    """

    def __init__(
        self,
        num_filters: int,
        kernel_size: int,
        sample_rate: int,
        windowing_type: str = "hamming",
        scale_type: str = "mel",
    ) -> None:
        super().__init__()
        if windowing_type not in ("hamming", "none"):
            raise InputError(f"preencoder_conf: windowing_type must be hamming or none, not {windowing_type}")
        if scale_type not in ("mel", "bark"):
            raise InputError(f"preencoder_conf: scale_type must be mel or bark, not {scale_type}")
        self.reach = (kernel_size - 1) // 2
        self.sample_rate = sample_rate
        self.windowing_type = windowing_type
        self.scale_type = scale_type
        self.f = torch.nn.Parameter(torch.empty(num_filters, 2))  # both edges, as parts of the sample rate
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Spread the filters over the scale."""
        spread = mel_edges if self.scale_type == "mel" else bark_edges
        with torch.no_grad():
            self.f.copy_(spread(len(self.f), self.sample_rate) / self.sample_rate)

    def kernels(self) -> Tensor:
        """The filters' taps, symmetrical about the middle one.

        Shapes:
            -> (K, 1, L)
        """
        low = self.f[:, :1].abs()  # (K, 1)
        high = low + (self.f[:, 1:] - self.f[:, :1]).abs()
        distances = torch.arange(1, self.reach + 1, device=self.f.device, dtype=self.f.dtype)  # taps from the middle
        x = 2 * math.pi * distances
        right = (torch.sin(high * x) - torch.sin(low * x)) / (x / 2)
        if self.windowing_type == "hamming":
            reversed_distances = self.reach + 1 - distances
            right = right * (0.54 - 0.46 * torch.cos(2 * math.pi * reversed_distances / (2 * self.reach + 1)))
        return torch.cat([right.flip(1), 2 * (high - low), right], 1).unsqueeze(1)

    def forward(self, x: Tensor) -> Tensor:
        """Filter, without padding.

        Shapes:
            x (n, 1, W) -> (n, K, W - L + 1)
        """
        return torch.nn.functional.conv1d(x, self.kernels())


def mel_edges(num_filters: int, sample_rate: int) -> Tensor:
    """Edges in Hz of filters that each reach from its lower neighbour's middle to its upper neighbour's.

    Shapes:
        -> (K, 2)
    """
    low, high = (1125.0 * math.log(1 + hz / 700.0) for hz in (30.0, sample_rate / 2))
    edges = 700.0 * (torch.linspace(low, high, num_filters + 2, dtype=torch.float64).div(1125.0).exp() - 1)
    return torch.stack([edges[:-2], edges[2:]], 1)


def bark_edges(num_filters: int, sample_rate: int) -> Tensor:
    """Edges in Hz of filters one Bark wide, by Wang et al., 1992: bark = 6 asinh(Hz / 600).

    Shapes:
        -> (K, 2)
    """
    low, high = (6.0 * math.asinh(hz / 600.0) for hz in (70.0, 0.45 * sample_rate))
    centres = torch.linspace(low, high, num_filters, dtype=torch.float64)
    return 600.0 * torch.sinh(torch.stack([centres - 0.5, centres + 0.5], 1) / 6.0)

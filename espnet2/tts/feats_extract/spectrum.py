"""Spectra that synthesis models are trained on: amplitudes, their logarithms, and logarithms of mel bands.

They differ from the recogniser's features in that mel bands gather amplitudes, not powers, and in the base of the
logarithm (10).
"""
# Shapes: B batch, N samples, T frames, F frequencies, M mel bands
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from espnet2.layers.log_mel import LogMel
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.stft import Stft
from espnet2.tts.feats_extract.abs_feats_extract import AbsFeatsExtract
from espnet2.utils.types import parse_size

LEAST_POWER = 1.0e-10


class LinearSpectrogram(AbsFeatsExtract):
    """Amplitudes.

    Args:
        n_fft: Size of the transform, in samples.
        win_length: Length of the window; ``n_fft`` when None.
        hop_length: Samples between frames.
        window: Name of a torch window; None for a rectangular one.
        center: Put frame t around sample t * hop_length.
        normalized: Scale the transform by 1 / sqrt(n_fft).
        onesided: Keep the non-negative frequencies only.
    """

    def __init__(
        self,
        n_fft: int = 1024,
        win_length: int | None = None,
        hop_length: int = 256,
        window: str | None = "hann",
        center: bool = True,
        normalized: bool = False,
        onesided: bool = True,
    ) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.win_length = win_length
        self.window = window
        self.stft = Stft(n_fft, win_length, hop_length, window, center, normalized, onesided)

    def output_size(self) -> int:
        """Frequencies F."""
        return self.n_fft // 2 + 1

    def get_parameters(self) -> dict[str, Any]:
        """The transform's sizes."""
        return {
            "n_fft": self.n_fft,
            "n_shift": self.hop_length,
            "win_length": self.win_length,
            "window": self.window,
        }

    def frame_counter(self) -> Callable[[Tensor], Tensor]:
        """Tells how many frames come of so many samples."""
        return self.stft.num_frames

    def amplitude(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """At least the root of ``LEAST_POWER``, on padding too.

        Shapes:
            input (B, N), input_lengths (B,) -> (B, T, F), (B,)
        """
        spectrum, lengths = self.stft(input, input_lengths)
        return spectrum.square().sum(-1).clamp_(min=LEAST_POWER).sqrt_(), lengths

    def forward(self, input: Tensor, input_lengths: Tensor, **context: Tensor) -> tuple[Tensor, Tensor]:
        """Amplitudes; padding becomes zero.

        Shapes:
            input (B, N), input_lengths (B,) -> (B, T, F), (B,)
        """
        amplitude, lengths = self.amplitude(input, input_lengths)
        return _without_padding(amplitude, lengths), lengths

    def to_amplitude(self, feats: Tensor) -> Tensor:
        """From features back to amplitudes: (T, D) -> (T, F)."""
        return feats.clamp(min=LEAST_POWER)


class LogSpectrogram(LinearSpectrogram):
    """Logarithms (base 10) of amplitudes; arguments as of ``LinearSpectrogram``."""

    def forward(self, input: Tensor, input_lengths: Tensor, **context: Tensor) -> tuple[Tensor, Tensor]:
        """Log amplitudes; padding becomes zero.

        Shapes:
            input (B, N), input_lengths (B,) -> (B, T, F), (B,)
        """
        amplitude, lengths = self.amplitude(input, input_lengths)
        return _without_padding(amplitude.log10_(), lengths), lengths

    def to_amplitude(self, feats: Tensor) -> Tensor:
        """From features back to amplitudes: (T, D) -> (T, F)."""
        return (10.0**feats).clamp(min=LEAST_POWER)


class LogMelFbank(LinearSpectrogram):
    """Logarithms of the amplitudes in mel bands.

    Args:
        fs: Sample rate, such as 16000 or "16k".
        n_fft: Size of the transform, in samples.
        win_length: Length of the window; ``n_fft`` when None.
        hop_length: Samples between frames.
        window: Name of a torch window; None for a rectangular one.
        center: Put frame t around sample t * hop_length.
        normalized: Scale the transform by 1 / sqrt(n_fft).
        onesided: Keep the non-negative frequencies only.
        n_mels: Number of bands M.
        fmin: Lower edge in Hz; 0 when None.
        fmax: Upper edge in Hz; half the sample rate when None.
        htk: Space the bands by HTK's mel formula.
        log_base: Base of the logarithm; e when None.
    """

    def __init__(
        self,
        fs: int | str = 16000,
        n_fft: int = 1024,
        win_length: int | None = None,
        hop_length: int = 256,
        window: str | None = "hann",
        center: bool = True,
        normalized: bool = False,
        onesided: bool = True,
        n_mels: int = 80,
        fmin: float | None = 80,
        fmax: float | None = 7600,
        htk: bool = False,
        log_base: float | None = 10.0,
    ) -> None:
        super().__init__(n_fft, win_length, hop_length, window, center, normalized, onesided)
        self.fs = parse_size(fs)
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.logmel = LogMel(self.fs, n_fft, n_mels, fmin, fmax, htk, log_base)

    def output_size(self) -> int:
        """Mel bands M."""
        return self.n_mels

    def get_parameters(self) -> dict[str, Any]:
        """The transform's sizes and the bands."""
        bands = {"fs": self.fs, "n_mels": self.n_mels, "fmin": self.fmin, "fmax": self.fmax}
        return {**super().get_parameters(), **bands}

    def forward(self, input: Tensor, input_lengths: Tensor, **context: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel amplitudes; padding becomes zero.

        Shapes:
            input (B, N), input_lengths (B,) -> (B, T, M), (B,)
        """
        return self.logmel(*self.amplitude(input, input_lengths))

    def to_amplitude(self, feats: Tensor) -> Tensor:
        """Amplitudes of least squares whose mel bands are these: (T, M) -> (T, F)."""
        base = math.e if self.logmel.log_base is None else self.logmel.log_base
        return (base**feats @ torch.linalg.pinv(self.logmel.melmat)).clamp(min=LEAST_POWER)


def _without_padding(values: Tensor, lengths: Tensor) -> Tensor:
    return values.masked_fill(make_pad_mask(lengths, values.size(1)).unsqueeze(-1).to(values.device), 0.0)

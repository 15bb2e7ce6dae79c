"""Log-mel filterbank on the mel scale and with the area norm of Slaney's Auditory Toolbox, which librosa made common.

Slaney, "Auditory Toolbox", 1998, https://engineering.purdue.edu/~malcolm/interval/1998-010/
"""
# Shapes: B batch, T frames, F frequencies, M mel bands
import math

import numpy as np
import torch
from torch import Tensor

from espnet2.layers.mask import make_pad_mask

# Slaney's scale: linear up to 1 kHz (15 mel), then logarithmic with 27 mel for a factor of 6.4.
_HZ_PER_MEL = 200.0 / 3
_LOG_START_HZ, _LOG_START_MEL = 1000.0, 15.0
_LOG_STEP = math.log(6.4) / 27.0


def hz_to_mel(hz: float, htk: bool = False) -> float:
    """The mel value of a frequency, on Slaney's scale or the formula of HTK."""
    if htk:
        return 2595.0 * math.log10(1.0 + hz / 700.0)
    if hz < _LOG_START_HZ:
        return hz / _HZ_PER_MEL
    return _LOG_START_MEL + math.log(hz / _LOG_START_HZ) / _LOG_STEP


def mel_to_hz(mels: np.ndarray, htk: bool = False) -> np.ndarray:
    """The frequencies of mel values; the inverse of ``hz_to_mel``."""
    if htk:
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    above = _LOG_START_HZ * np.exp(_LOG_STEP * (mels - _LOG_START_MEL))
    return np.where(mels < _LOG_START_MEL, _HZ_PER_MEL * mels, above)


def mel_filterbank(
    fs: int, n_fft: int, n_mels: int, fmin: float | None = None, fmax: float | None = None, htk: bool = False
) -> np.ndarray:
    """Triangles of unit area (per Hz, times 2) over the bins of a Fourier transform.

    Args:
        fs: Sample rate.
        n_fft: Size of the transform, in samples.
        n_mels: Number of bands M.
        fmin: Lower edge of the first band, in Hz; 0 when None.
        fmax: Upper edge of the last band, in Hz; half the sample rate when None.
        htk: Space the bands by HTK's mel formula.

    Returns:
        float32 (F, M) with F = n_fft // 2 + 1
    """
    low, high = hz_to_mel(fmin or 0.0, htk), hz_to_mel(fs / 2 if fmax is None else fmax, htk)
    edges = mel_to_hz(np.linspace(low, high, n_mels + 2), htk)  # (M + 2,)
    slopes = np.linspace(0.0, fs / 2, n_fft // 2 + 1)[:, None] - edges  # (F, M + 2) Hz above each edge
    widths = np.diff(edges)
    rising = slopes[:, :-2] / widths[:-1]
    falling = -slopes[:, 2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))).astype(np.float32)


class LogMel(torch.nn.Module):
    """Logarithm of mel band energies, never below that of 1e-10.

    Args:
        fs: Sample rate.
        n_fft: Size of the transform, in samples.
        n_mels: Number of bands M.
        fmin: Lower edge in Hz; 0 when None.
        fmax: Upper edge in Hz; half the sample rate when None.
        htk: Space the bands by HTK's mel formula.
        log_base: Base of the logarithm; e when None.
    """

    melmat: Tensor

    def __init__(
        self,
        fs: int = 16000,
        n_fft: int = 512,
        n_mels: int = 80,
        fmin: float | None = None,
        fmax: float | None = None,
        htk: bool = False,
        log_base: float | None = None,
    ) -> None:
        super().__init__()
        self.log_base = log_base
        self.register_buffer("melmat", torch.from_numpy(mel_filterbank(fs, n_fft, n_mels, fmin, fmax, htk)))

    def forward(self, power: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Take the logarithm of band energies; padding becomes zero.

        Shapes:
            power (B, T, F), ilens (B,) -> (B, T, M), (B,)
        """
        feats = (power @ self.melmat).clamp_(min=1e-10).log_()
        if self.log_base is not None:
            feats = feats / math.log(self.log_base)
        if ilens is None:
            return feats, power.new_full((len(power),), power.size(1), dtype=torch.long)
        return feats.masked_fill(make_pad_mask(ilens, feats.size(1)).unsqueeze(-1), 0.0), ilens

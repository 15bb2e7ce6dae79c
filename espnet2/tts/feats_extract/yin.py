"""Fundamental frequency by YIN.

de Cheveigne, Kawahara, "YIN, a fundamental frequency estimator for speech and music", 2002,
http://audition.ens.fr/adc/pdf/2002_JASA_YIN.pdf, steps 1 to 5 (difference function, cumulative mean normalisation,
absolute threshold, parabolic interpolation).
"""
# Shapes: N samples, T frames, W samples of a window, P periods
import numpy as np
import torch
import torch.nn.functional as F

THRESHOLD = 0.15  # of the normalised difference: below it a frame is voiced
LEAST_RMS = 1e-4  # of full scale


def yin(wave: np.ndarray, fs: int, hop_length: int, f0min: float, f0max: float) -> np.ndarray:
    """F0 of each frame; frame t lies around sample t * hop_length.

    Args:
        wave: Samples in -1 to 1.
        fs: Sample rate.
        hop_length: Samples between frames.
        f0min: Lowest pitch, in Hz.
        f0max: Highest pitch, in Hz.

    Returns:
        F0 in Hz, 0 without voice: float64 (T,) with T = N // hop_length + 1

    Shapes:
        wave (N,)
    """
    longest, shortest = int(np.ceil(fs / f0min)), max(2, int(fs / f0max))
    size = 2 * longest  # samples of which the difference is summed
    num_frames = len(wave) // hop_length + 1
    span = size + longest + 1
    samples = F.pad(torch.as_tensor(wave, dtype=torch.float64), (span // 2, span))
    frames = samples.unfold(0, span, hop_length)[:num_frames]  # (T, W + P + 1)

    # d(p) = sum (x_j - x_{j+p})^2 = energy of the window + energy of the shifted one - 2 correlation
    fft_size = 1 << (span + size - 1).bit_length()
    spectrum = torch.fft.rfft(frames[:, :size], fft_size).conj() * torch.fft.rfft(frames, fft_size)
    correlation = torch.fft.irfft(spectrum, fft_size)[:, : longest + 2]
    energy = F.pad(frames.square().cumsum(1), (1, 0))
    windows = energy[:, size : size + longest + 2] - energy[:, : longest + 2]
    difference = (windows[:, :1] + windows - 2.0 * correlation).clamp_(min=0.0)
    periods = torch.arange(1, longest + 2, dtype=torch.float64)
    mean = difference[:, 1:].cumsum(1) / periods
    normalised = F.pad(difference[:, 1:] / mean.clamp(min=1e-12), (1, 0), value=1.0)  # (T, P + 2)

    best = _first_dip(normalised, shortest, longest)
    low, mid, high = (normalised.gather(1, best[:, None] + shift).squeeze(1) for shift in (-1, 0, 1))
    curvature = low - 2.0 * mid + high
    shift = torch.where(curvature > 1e-12, 0.5 * (low - high) / curvature.clamp(min=1e-12), 0.0).clamp(-0.5, 0.5)
    loud = (windows[:, 0] / size).sqrt() > LEAST_RMS
    f0 = fs / (best + shift)
    voiced = (mid < THRESHOLD) & loud & (f0 >= f0min) & (f0 <= f0max)
    return torch.where(voiced, f0, 0.0).numpy()


def _first_dip(normalised: torch.Tensor, shortest: int, longest: int) -> torch.Tensor:
    """The bottom of the first dip below the threshold, or of the deepest: (T, P + 2) -> (T,)."""
    inner = normalised[:, shortest : longest + 1]
    is_bottom = (inner <= normalised[:, shortest - 1 : longest]) & (inner < normalised[:, shortest + 1 : longest + 2])
    good = is_bottom & (inner < THRESHOLD)
    first = good.double().argmax(1)
    return torch.where(good.any(1), first, inner.argmin(1)) + shortest

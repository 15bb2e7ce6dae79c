"""Pitch features as Kaldi defines them: how voiced a frame is, its pitch, and the change of the pitch.

Ghahremani et al., "A pitch extraction algorithm tuned for automatic speech recognition", 2014,
https://www.danielpovey.com/files/2014_icassp_pitch.pdf. Every frame has a pitch: where speech is not voiced, the track runs
on between the voiced parts. Values agree with Kaldi's in definition, not bit by bit.
"""

# N samples, T frames, W samples in a window, J integer lags, L finely spaced lags

from dataclasses import dataclass

import numpy as np

from espnet2.utils.errors import InputError


@dataclass
class PitchOptions:
    """The options that Kaldi's ``pitch.conf`` knows, under their names there (``-`` for ``_``), with Kaldi's defaults."""

    sample_frequency: float = 16000.0
    frame_length: float = 25.0  # milliseconds
    frame_shift: float = 10.0  # milliseconds
    min_f0: float = 50.0
    max_f0: float = 400.0
    soft_min_f0: float = 10.0  # long lags are dearer, as if pitch had this lower bound
    penalty_factor: float = 0.1  # of a change of pitch
    lowpass_cutoff: float = 1000.0
    resample_frequency: float = 4000.0
    delta_pitch: float = 0.005  # ratio of neighbouring lags, less 1
    nccf_ballast: float = 7000.0  # makes quiet frames less sure of their pitch
    lowpass_filter_width: int = 1  # zeros of the sinc on either side
    upsample_filter_width: int = 5
    pitch_scale: float = 2.0
    pov_scale: float = 2.0
    pov_offset: float = 0.0
    delta_pitch_scale: float = 10.0
    delta_pitch_noise_stddev: float = 0.005
    normalization_left_context: int = 75  # frames
    normalization_right_context: int = 75
    delta_window: int = 2


def kaldi_pitch(samples: np.ndarray, options: PitchOptions, random: np.random.Generator) -> np.ndarray:
    """The three features of each frame.

    Args:
        samples: Audio (N,); its scale matters little.
        options: What to do.
        random: Draws the noise that hides the steps of the pitch in its change.
    Returns:
        float32 (T, 3): measure of voicing, logarithm of the pitch relative to its surroundings, change of the logarithm.
    Raises:
        InputError: If the audio is shorter than a frame.
    """
    correlation, pitch = track_pitch(samples, options)
    log_pitch = np.log(pitch)
    voicing = (1.0001 - np.clip(correlation, -1.0, 1.0)) ** 0.15 - 1.0
    change = _slope(log_pitch, options.delta_window)
    change += random.normal(0.0, options.delta_pitch_noise_stddev, len(change))
    relative = log_pitch - _moving_mean(log_pitch, probability_of_voicing(correlation), options)
    features = (
        options.pov_scale * voicing + options.pov_offset,
        options.pitch_scale * relative,
        options.delta_pitch_scale * change,
    )
    return np.stack(features, 1).astype(np.float32)


def probability_of_voicing(correlation: np.ndarray) -> np.ndarray:
    """The probability that a frame of such a correlation is voiced (section 3.3 of the paper; fitted to Keele's data)."""
    a = np.abs(np.clip(correlation, -1.0, 1.0))
    odds = -5.2 + 5.4 * np.exp(7.5 * (a - 1)) + 4.8 * a - 2.0 * np.exp(-10 * a) + 4.2 * np.exp(20 * (a - 1))
    return 1.0 / (1.0 + np.exp(-odds))


def track_pitch(samples: np.ndarray, options: PitchOptions) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of each frame with itself a period later, and the pitch in Hz.

    Raises:
        InputError: If the audio is shorter than a frame.

    Shapes:
        samples (N,) -> (T,), (T,)
    """
    low = _resample(samples.astype(np.float64), options)
    rate = options.resample_frequency
    window, shift = (int(rate * ms / 1000) for ms in (options.frame_length, options.frame_shift))
    if len(low) < window:
        raise InputError(
            f"too short for pitch: {len(samples)} samples do not fill a frame of {options.frame_length} ms"
        )
    margin = options.upsample_filter_width / (2 * rate)
    first = int(np.ceil(rate * (1 / options.max_f0 - margin)))
    last = int(np.floor(rate * (1 / options.min_f0 + margin)))
    products, energies = _correlate(low, window, shift, first, last)
    ballast = options.nccf_ballast * (low.var() * window) ** 2
    fine = _fine_lags(options)
    upsample = _interpolation(np.arange(first, last + 1) / rate, fine, rate, options.upsample_filter_width)  # (J, L)
    steady = (products / np.sqrt(energies + max(ballast, 1e-20))) @ upsample  # (T, L)
    costs = 1.0 - steady * (1.0 - options.soft_min_f0 * fine)
    path = _cheapest_path(costs.astype(np.float32), options.penalty_factor * np.log1p(options.delta_pitch) ** 2)
    plain = products / np.sqrt(np.maximum(energies, 1e-20))
    return np.einsum("tj,jt->t", plain, upsample[:, path]), 1.0 / fine[path]


def _resample(samples: np.ndarray, options: PitchOptions) -> np.ndarray:
    """Low-pass and resample by a sinc with a Hann taper, (N,) -> (M,)."""
    rate, cutoff, zeros = options.sample_frequency, options.lowpass_cutoff, options.lowpass_filter_width
    width = zeros / (2 * cutoff)  # seconds on either side
    times = np.arange(int(np.ceil(len(samples) * options.resample_frequency / rate))) / options.resample_frequency
    start = np.ceil((times - width) * rate).astype(int)
    resampled = np.zeros(len(times))
    for tap in range(int(2 * width * rate) + 1):
        index = start + tap
        is_inside = (index >= 0) & (index < len(samples))
        weights = _tapered_sinc(times - index / rate, cutoff, zeros) / rate
        resampled += np.where(is_inside, weights * samples[np.clip(index, 0, len(samples) - 1)], 0.0)
    return resampled


def _tapered_sinc(seconds: np.ndarray, cutoff: float, zeros: int) -> np.ndarray:
    """Impulse response of a low-pass filter."""
    taper = 0.5 * (1 + np.cos(2 * np.pi * cutoff / zeros * seconds))
    return np.where(np.abs(seconds) < zeros / (2 * cutoff), taper * 2 * cutoff * np.sinc(2 * cutoff * seconds), 0.0)


def _correlate(low: np.ndarray, window: int, shift: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Products of a window with what follows at each lag, and the products of both energies: (T, J), (T, J)."""
    num_frames = (len(low) - window) // shift + 1
    padded = np.pad(low, (0, last))
    stretches = np.lib.stride_tricks.sliding_window_view(padded, window + last)[::shift][:num_frames]
    stretches = stretches - stretches[:, :window].mean(1, keepdims=True)  # (T, W + last)
    windows = np.lib.stride_tricks.sliding_window_view(stretches, window, axis=1)  # (T, last + 1, W)
    own, later = windows[:, 0], windows[:, first:]
    products = np.einsum("tw,tjw->tj", own, later)
    return products, (own**2).sum(1, keepdims=True) * np.einsum("tjw,tjw->tj", later, later)


def _fine_lags(options: PitchOptions) -> np.ndarray:
    """The lags that a pitch may have, in seconds, in geometrical progression (L,)."""
    span = np.log(options.max_f0 / options.min_f0)
    return np.exp(np.arange(0.0, span, np.log1p(options.delta_pitch))) / options.max_f0


def _interpolation(given: np.ndarray, wanted: np.ndarray, rate: float, zeros: int) -> np.ndarray:
    """Weights (given, wanted) that turn values at some times into values at others."""
    return _tapered_sinc(wanted[None, :] - given[:, None], rate / 2, zeros) / rate


def _cheapest_path(costs: np.ndarray, penalty: float) -> np.ndarray:
    """The lag of each frame: Viterbi search, a change by d steps costs ``penalty * d * d``; (T, L) -> (T,)."""
    steps = np.arange(costs.shape[1], dtype=np.float32)
    moves = np.float32(penalty) * (steps[:, None] - steps[None, :]) ** 2  # (to, from)
    came_from = np.zeros(costs.shape, np.int32)
    total = costs[0]
    for t in range(1, len(costs)):
        ways = moves + total
        came_from[t] = ways.argmin(1)
        total = np.take_along_axis(ways, came_from[t][:, None], 1)[:, 0] + costs[t]
        total -= total.min()  # small numbers keep their digits
    path = np.empty(len(costs), np.int64)
    path[-1] = total.argmin()
    for t in range(len(costs) - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path


def _moving_mean(values: np.ndarray, weights: np.ndarray, options: PitchOptions) -> np.ndarray:
    """Weighted mean of what surrounds each frame (T,) -> (T,)."""
    frames = np.arange(len(values))
    first = np.maximum(frames - options.normalization_left_context, 0)
    after = np.minimum(frames + options.normalization_right_context + 1, len(values))
    sums = (np.concatenate([[0.0], np.cumsum(x)]) for x in (weights * values, weights))
    total, weight = (s[after] - s[first] for s in sums)
    return total / weight


def _slope(values: np.ndarray, window: int) -> np.ndarray:
    """Regression over ``window`` frames on either side; the ends are held (T,) -> (T,)."""
    padded = np.pad(values, window, mode="edge")
    offsets = np.arange(-window, window + 1)
    return np.convolve(padded, offsets[::-1], mode="valid") / (offsets**2).sum()

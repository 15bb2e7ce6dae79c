"""Reverberation and noise for training data.

Random numbers come from numpy's generator, which the data set seeds for each utterance.
"""

# C channels, T samples, R channels of an impulse response, N its samples

import logging
from pathlib import Path

import numpy as np
import torch
from torchaudio.functional import fftconvolve

from espnet2.fileio.audio import audio_info, read_audio
from espnet2.fileio.read_text import read_lines
from espnet2.utils.errors import InputError

_FRAME_SAMPLES, _HOP_SAMPLES = 1024, 512
_ACTIVE_SHARE = 0.01
_LEAST_POWER = 1e-10


def read_sources(path: str | Path) -> list[str]:
    """The sound files of a list with ``path`` or ``id path`` lines.

    Raises:
        InputError: If there is none.
    """
    lines = [line.split(maxsplit=1) for _, line in read_lines(path) if line.strip()]
    if not lines:
        raise InputError(f"{path}: lists no sound file")
    return [words[-1].strip() for words in lines]


def parse_db_range(text: str | float) -> tuple[float, float]:
    """``"13_15"`` -> (13.0, 15.0); one number stands for both.

    Raises:
        InputError: If it is neither.
    """
    words = str(text).split("_")
    try:
        low, high = float(words[0]), float(words[-1])
    except ValueError:
        raise InputError(f"noise_db_range '{text}' is not 'low_high' or a number") from None
    if len(words) > 2 or low > high:
        raise InputError(f"noise_db_range '{text}' is not 'low_high' with low <= high")
    return low, high


def speech_power(speech: np.ndarray) -> float:
    """Mean power (C, T) of the parts that are not silent: frames with 1 % of the mean power or more."""
    power = (speech**2).mean(axis=0)
    if len(power) <= _FRAME_SAMPLES:
        return float(power.mean())
    frames = np.lib.stride_tricks.sliding_window_view(power, _FRAME_SAMPLES)[::_HOP_SAMPLES].mean(axis=1)
    active = np.repeat(frames >= _ACTIVE_SHARE * frames.mean(), _HOP_SAMPLES)
    rest = len(power) - len(active)
    active = np.append(active, np.full(rest, active[-1])) if rest > 0 else active[: len(power)]
    return float(power[active].mean())


def reverberate(speech: np.ndarray, rir: np.ndarray) -> np.ndarray:
    """The first channel heard in a room, as long and as loud as before.

    Args:
        speech: (C, T)
        rir: Impulse responses (R, N), one for each channel wanted.
    Returns:
        (C, T); channel c through response c.
    Raises:
        InputError: If there are fewer responses than channels.
    """
    channels, length = speech.shape
    if len(rir) < channels:
        raise InputError(f"an impulse response with {len(rir)} channels cannot serve speech with {channels}")
    power = speech_power(speech[:1])
    heard = fftconvolve(*_broadcast(speech[:1], rir[:channels])).numpy()[:, :length]
    return heard * np.sqrt(power / max(speech_power(heard), _LEAST_POWER))


def _broadcast(*signals: np.ndarray) -> list[torch.Tensor]:
    """As tensors with the same number of channels."""
    channels = max(len(signal) for signal in signals)
    return [torch.from_numpy(np.ascontiguousarray(signal)).expand(channels, -1) for signal in signals]


def add_noise(speech: np.ndarray, noise: np.ndarray, snr_db: float, power: float) -> np.ndarray:
    """Mix noise in.

    Args:
        speech: (C, T)
        noise: (T,)
        snr_db: Ratio of ``power`` to the noise's.
        power: The power of the clean speech.
    """
    noise_power = max(float((noise**2).mean()), _LEAST_POWER)
    return speech + noise * (10 ** (-snr_db / 20) * np.sqrt(power / noise_power))


def read_rir(source: str, sample_rate: int = 0) -> np.ndarray:
    """An impulse response (R, N).

    Args:
        source: A sound file.
        sample_rate: What it must have; 0: any.
    """
    rir, rate = read_audio(source)
    _check_rate(source, rate, sample_rate)
    return rir[None] if rir.ndim == 1 else rir.T


def read_noise(source: str, num_samples: int, short_noise_thres: float = 0.5, sample_rate: int = 0) -> np.ndarray:
    """A random piece of the first channel (T,); a noise that is too short goes round from a random offset.

    Args:
        source: A sound file.
        num_samples: How long it must be.
        short_noise_thres: Warn when it is shorter than this part of ``num_samples``.
        sample_rate: What it must have; 0: any.
    """
    info = audio_info(source)
    _check_rate(source, info.sample_rate, sample_rate)
    surplus = info.num_samples - num_samples
    if surplus > 0:
        start = np.random.randint(surplus + 1)
        start_seconds = (start + 0.5) / info.sample_rate  # in the middle of a sample: safe from rounding
        end_seconds = (start + num_samples + 0.5) / info.sample_rate
        noise, _ = read_audio(source, start_seconds=start_seconds, end_seconds=end_seconds)
        return _first_channel(noise)
    noise = _first_channel(read_audio(source)[0])
    if len(noise) < short_noise_thres * num_samples:
        logging.warning(f"{source}: noise of {len(noise)} samples is repeated to fill {num_samples} samples of speech")
    offset = np.random.randint(-surplus + 1)
    return noise[(np.arange(num_samples) - offset) % len(noise)]


def _check_rate(source: str, rate: int, wanted: int) -> None:
    if wanted and rate != wanted:
        raise InputError(f"{source}: {rate} Hz, but the speech has {wanted} Hz; resample it")


def _first_channel(audio: np.ndarray) -> np.ndarray:
    """(T,) or (T, C) -> (T,)."""
    return audio if audio.ndim == 1 else audio[:, 0]

"""What the format stage does to samples: other rates, fewer channels, no silence around."""

# T samples, C channels

import numpy as np

from espnet2.utils.errors import EmptyAudioError, InputError


def resample(samples: np.ndarray, rate: float, target: float) -> np.ndarray:
    """Change the sampling rate, by the SoX resampler (https://sourceforge.net/projects/soxr).

    Args:
        samples: (T,) or (T, C).
        rate: Theirs; need not be a whole number, so that a change of speed by f is ``rate * f`` -> ``rate``.
        target: The wanted one.
    Raises:
        InputError: If nothing is left of them.
    """
    if rate == target:
        return samples
    import soxr

    resampled = soxr.resample(samples, rate, target, quality="HQ")
    if len(resampled) == 0:
        raise EmptyAudioError(f"too short: {len(samples)} samples leave none at {target} Hz")
    return resampled


def pick_channels(samples: np.ndarray, channels: str) -> np.ndarray:
    """Keep some channels: (T, C) or (T,) -> (T, picked), or (T,) for one channel.

    Args:
        samples: The signal.
        channels: Numbers from 0 with commas or blanks between them.
    Raises:
        InputError: If there are no such channels.
    """
    samples = samples.reshape(len(samples), -1)
    try:
        picked = [int(word) for word in channels.replace(",", " ").split()]
        return samples[:, picked[0]] if len(picked) == 1 else samples[:, picked]
    except (ValueError, IndexError):
        raise InputError(f"no channels '{channels}' in audio of {samples.shape[1]} (counted from 0)") from None


def trim(samples: np.ndarray, rate: float, speech: str) -> np.ndarray:
    """From the first start to the last end of the parts with speech.

    Args:
        samples: (T,) or (T, C).
        rate: Sampling rate.
        speech: ``<start>:<end> <start>:<end> ...`` in seconds.
    Raises:
        InputError: If this is no such line, or leaves nothing.
    """
    try:
        times = [float(word) for word in speech.replace(":", " ").split()]
        trimmed = samples[int(times[0] * rate) : int(times[-1] * rate)]
    except (ValueError, IndexError):
        raise InputError(f"expected '<start>:<end> ...' in seconds, found '{speech}'") from None
    if len(trimmed) == 0:
        raise InputError(f"nothing lies within the speech '{speech}'")
    return trimmed

"""Resampling keeps a tone and its level; channels and trimming are slices."""

import numpy as np
import pytest

from espnet2.fileio.signal import pick_channels, resample, trim
from espnet2.utils.errors import InputError


def _tone(hertz, rate, seconds=1.0):
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate, target, heard", [(8000, 16000, 440), (44100, 16000, 440), (16000 * 0.9, 16000, 440)])
def test_resampled_tone_is_the_tone(rate, target, heard):
    samples = resample(_tone(heard, rate), rate, target)
    assert abs(len(samples) - target) <= 1
    middle = slice(1000, -1000)
    assert np.abs(samples - _tone(heard, target, 1.01)[: len(samples)])[middle].max() < 1e-3


def test_channels_are_resampled_alike():
    stereo = np.stack([_tone(440, 8000), _tone(300, 8000)], axis=1)
    both = resample(stereo, 8000, 16000)
    assert both.shape == (16000, 2) and np.allclose(both[:, 1], resample(stereo[:, 1], 8000, 16000), atol=1e-6)
    assert resample(stereo, 8000, 8000) is stereo


def test_pick_channels():
    samples = np.arange(12).reshape(3, 4)
    assert pick_channels(samples, "1").tolist() == [1, 5, 9]
    assert pick_channels(samples, "3,0").tolist() == [[3, 0], [7, 4], [11, 8]]
    assert pick_channels(samples[:, 0], "0").tolist() == [0, 4, 8]


def test_trim():
    assert trim(np.arange(100), 10, "1:2 4.5:6").tolist() == list(range(10, 60))


def test_refusals():
    with pytest.raises(InputError, match="no channels '4' in audio of 4"):
        pick_channels(np.zeros((3, 4)), "4")
    with pytest.raises(InputError, match="no channels 'x' in audio of 1"):
        pick_channels(np.zeros(3), "x")
    with pytest.raises(InputError, match="expected"):
        trim(np.zeros(3), 10, "a:b")
    with pytest.raises(InputError, match="nothing lies"):
        trim(np.zeros(3), 10, "8:9")
    with pytest.raises(InputError, match="too short"):
        resample(np.zeros(1, np.float32), 48000, 8000)

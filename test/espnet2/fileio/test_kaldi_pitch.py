"""Pitch features: tones of known pitch, real speech against autocorrelation, and the formulas behind the track."""

from itertools import product

import numpy as np
import pytest
import soundfile

from espnet2.fileio.kaldi_pitch import (
    PitchOptions,
    _cheapest_path,
    _moving_mean,
    _resample,
    _slope,
    kaldi_pitch,
    probability_of_voicing,
    track_pitch,
)
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

OPTIONS = PitchOptions()


def tone(hz: np.ndarray | float, seconds: float = 1.0, rate: int = 16000) -> np.ndarray:
    """A buzz of five harmonics; the pitch may change."""
    phase = np.cumsum(np.broadcast_to(hz, int(seconds * rate))) * 2 * np.pi / rate
    return 3000 * sum(np.sin(k * phase) / k for k in range(1, 6))


@pytest.mark.parametrize("hz", [60, 100, 150, 200, 250, 300, 380])
def test_tones(hz):
    correlation, pitch = track_pitch(tone(hz), OPTIONS)
    assert correlation.shape == pitch.shape == (98,)
    assert np.abs(pitch / hz - 1).max() < 0.01
    assert probability_of_voicing(correlation)[:-5].min() > 0.9  # the last frames look beyond the end


def test_other_rates_and_scales():
    for rate in (8000, 44100):
        pitch = track_pitch(tone(170, rate=rate), PitchOptions(sample_frequency=rate))[1]
        assert len(pitch) == 98 and np.abs(pitch / 170 - 1).max() < 0.01
    quiet, loud = (track_pitch(scale * tone(170), OPTIONS) for scale in (1e-4, 1.0))
    assert np.allclose(quiet[0], loud[0]) and np.array_equal(quiet[1], loud[1])


def test_features_of_a_glide():
    hz = np.linspace(120, 240, 16000)
    features = kaldi_pitch(tone(hz), PitchOptions(delta_pitch_noise_stddev=0.0), np.random.default_rng(0))
    assert features.shape == (98, 3) and features.dtype == np.float32
    voicing, relative, change = features.T
    assert (voicing > -2.0).all() and (voicing < -1.0).all()  # 2 ((1.0001 - r) ** 0.15 - 1) with r near 1
    centres = np.arange(98) * 0.01 + 0.0125  # seconds
    log_pitch = np.log(120 + 120 * centres)
    assert change[10:-10].mean() == pytest.approx(10 * np.diff(log_pitch).mean(), rel=0.1)
    whole = PitchOptions(delta_pitch_noise_stddev=0.0, normalization_left_context=200, normalization_right_context=200)
    relative = kaldi_pitch(tone(hz), whole, np.random.default_rng(0))[:, 1]
    assert np.corrcoef(relative, log_pitch)[0, 1] > 0.999 and abs(relative.mean()) < 0.02


def test_noise_in_the_change_comes_from_the_generator():
    one, same, other = (kaldi_pitch(tone(150), OPTIONS, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, same) and np.array_equal(one[:, :2], other[:, :2])
    assert one[:, 2].std() == pytest.approx(10 * 0.005, rel=0.3)


def autocorrelation_pitch(samples: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Strength and pitch of 25 ms frames by the first great peak of the normalised autocorrelation."""
    strengths, pitches = [], []
    lags = np.arange(rate // 400, rate // 60)
    for start in range(0, len(samples) - 400 - lags[-1], 160):
        frame = samples[start : start + 400]
        later = np.stack([samples[start + lag : start + lag + 400] for lag in lags])
        scores = later @ frame / np.maximum(np.linalg.norm(later, axis=1) * np.linalg.norm(frame), 1e-9)
        strengths.append(scores.max())
        # the first peak that is as good as the best one: its multiples fit as well
        best = np.argmax(scores > scores.max() - 0.02)
        while best + 1 < len(scores) and scores[best + 1] > scores[best]:
            best += 1
        pitches.append(rate / lags[best])
    return np.array(strengths), np.array(pitches)


@needs_shared
@pytest.mark.parametrize("name", ["allison/wav/en-goodbye.flac", "libri_tiny/wav/train/1034-121119-0000.flac"])
def test_real_speech_agrees_with_autocorrelation(name):
    samples, rate = soundfile.read(SHARED / "data" / name)
    samples = samples[: 4 * rate] * 32768
    correlation, pitch = track_pitch(samples, OPTIONS)
    strength, reference = autocorrelation_pitch(samples - samples.mean(), rate)
    voiced = np.flatnonzero((strength > 0.95) & (probability_of_voicing(correlation[: len(strength)]) > 0.9))
    # where the reference does not jump by octaves itself
    steady = [t for t in voiced[1:-1] if np.ptp(np.log(reference[t - 1 : t + 2])) < 0.05]
    assert len(steady) > 10
    error = np.abs(pitch[steady] / reference[steady] - 1)
    assert np.median(error) < 0.01 and (error < 0.03).mean() > 0.95


def test_silence_and_noise_are_not_voiced():
    correlation, pitch = track_pitch(np.zeros(16000), OPTIONS)
    assert np.isfinite(correlation).all() and (pitch >= 50).all() and (pitch <= 400).all()
    noise = 1000 * np.random.default_rng(0).standard_normal(16000)
    assert np.median(probability_of_voicing(track_pitch(noise, OPTIONS)[0])) < 0.3
    assert np.isfinite(kaldi_pitch(np.zeros(16000), OPTIONS, np.random.default_rng(0))).all()


def test_the_path_is_the_cheapest_of_all():
    costs = np.random.default_rng(0).random((5, 4)).astype(np.float32)

    def total(path: tuple[int, ...]) -> float:
        moves = sum((a - b) ** 2 for a, b in zip(path, path[1:]))
        return sum(costs[t, state] for t, state in enumerate(path)) + 0.1 * moves

    assert tuple(_cheapest_path(costs, 0.1)) == min(product(range(4), repeat=5), key=total)


def test_resampling_is_a_tapered_sinc():
    samples = np.random.default_rng(0).standard_normal(200)
    low = _resample(samples, OPTIONS)
    assert len(low) == 50
    for j in (0, 7, 49):
        distance = j / 4000 - np.arange(200) / 16000
        kernel = 0.5 * (1 + np.cos(2 * np.pi * 1000 * distance)) * np.sinc(2000 * distance) * 2000
        assert low[j] == pytest.approx((kernel * (np.abs(distance) < 0.0005) * samples).sum() / 16000)


def test_moving_mean_and_slope_by_hand():
    values, weights = np.array([1.0, 5.0, 2.0, 8.0]), np.array([1.0, 0.5, 0.5, 1.0])
    options = PitchOptions(normalization_left_context=1, normalization_right_context=2)
    expected = [(1 + 2.5 + 1) / 2, (1 + 2.5 + 1 + 8) / 3, (2.5 + 1 + 8) / 2, (1 + 8) / 1.5]
    assert _moving_mean(values, weights, options) == pytest.approx(expected)
    slope = _slope(values, 2)
    assert slope[1] == pytest.approx((1 * (2 - 1) + 2 * (8 - 1)) / 10)
    assert slope[0] == pytest.approx((1 * (5 - 1) + 2 * (2 - 1)) / 10)
    assert _slope(3.0 * np.arange(9), 2)[2:-2] == pytest.approx(3.0)


def test_too_short_speech_is_refused():
    with pytest.raises(InputError, match="too short for pitch: 300 samples"):
        track_pitch(np.zeros(300), OPTIONS)

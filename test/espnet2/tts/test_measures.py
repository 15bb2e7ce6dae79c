"""Distances between recordings and syntheses."""
import numpy as np
import pytest

from espnet2.tts.measures import distance, trim_silence, warp

FS = 16000


def voice(hz, seconds, formant):
    time = np.arange(round(seconds * FS)) / FS
    partials = range(1, 30)
    weights = [np.exp(-(((k * hz - formant) / 400.0) ** 2)) + 0.05 for k in partials]
    return (0.05 * sum(w * np.sin(2 * np.pi * k * hz * time) for k, w in zip(partials, weights))).astype(np.float32)


def test_equal_waves_have_no_distance():
    wave = voice(150, 0.5, 800)
    found = distance(wave, wave, FS)
    assert found.mcd == pytest.approx(0.0, abs=1e-6)
    assert found.f0_rmse == 0.0
    assert found.voicing_error == 0.0
    assert found.duration_error == 0.0


def test_another_pitch_length_and_vowel_are_measured():
    reference = np.concatenate([voice(150, 0.3, 800), voice(150, 0.3, 2000)])
    slower = np.concatenate([voice(150, 0.45, 800), voice(150, 0.45, 2000)])
    higher = np.concatenate([voice(180, 0.3, 800), voice(180, 0.3, 2000)])
    other = np.concatenate([voice(150, 0.3, 2000), voice(150, 0.3, 800)])
    assert distance(reference, slower, FS).duration_error == pytest.approx(0.5, abs=0.05)
    assert distance(reference, higher, FS).f0_rmse == pytest.approx(30.0, abs=2.0)
    assert distance(reference, slower, FS).mcd < 0.3 * distance(reference, other, FS).mcd


def test_a_path_against_all_paths():
    random = np.random.RandomState(0)
    first, second = random.randn(4, 2), random.randn(5, 2)
    costs = np.linalg.norm(first[:, None] - second[None], axis=2)

    def best(i, j):
        if i < 0 or j < 0:
            return np.inf
        before = 0.0 if i == j == 0 else min(best(i - 1, j - 1), best(i - 1, j), best(i, j - 1))
        return costs[i, j] + before

    rows, columns = warp(first, second)
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, 3, 4)
    assert set(zip(np.diff(rows), np.diff(columns))) <= {(0, 1), (1, 0), (1, 1)}
    assert costs[rows, columns].sum() == pytest.approx(best(3, 4))


def test_silence_at_the_ends_does_not_count():
    wave = voice(150, 0.4, 800)
    padded = np.concatenate([np.zeros(3200, np.float32), wave, np.zeros(6400, np.float32)])
    assert len(trim_silence(padded, FS)) == pytest.approx(len(wave), abs=640)
    assert len(trim_silence(np.zeros(100), FS)) == 100

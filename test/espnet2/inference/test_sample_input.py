"""Chunks of any kind become the model's samples; wrong ones are refused and leave no trace."""

import logging

import numpy as np
import pytest
import torch

from espnet2.inference.sample_input import SampleInput
from espnet2.utils.errors import InputError

WAVE = (0.5 * np.sin(np.arange(400) / 7)).astype(np.float32)


@pytest.mark.parametrize(
    "chunk",
    [
        WAVE,
        WAVE.astype(np.float64),
        WAVE.tolist(),
        torch.from_numpy(WAVE),
        (WAVE * 32768).astype(np.int16),
        (WAVE * 32768).astype(np.int16).tolist(),
        torch.from_numpy((WAVE * 32768).astype(np.int16)),
        (WAVE * 2.0**31).astype(np.int32),
        np.stack([WAVE - 0.25, WAVE + 0.25], 1),
        WAVE[:, None],
    ],
    ids=["float32", "float64", "list", "tensor", "int16", "int list", "int16 tensor", "int32", "stereo", "one channel"],
)
def test_kinds_of_samples(chunk):
    samples = SampleInput(16000).take(chunk)
    assert samples.dtype == np.float32 and samples.shape == WAVE.shape
    np.testing.assert_allclose(samples, WAVE, atol=1 / 32768)


def test_bytes_of_eight_bits():
    np.testing.assert_allclose(SampleInput(8000).take(np.array([0, 128, 192], np.uint8)), [-1.0, 0.0, 0.5])
    np.testing.assert_allclose(SampleInput(8000).take(np.array([-128, 0, 64], np.int8)), [-1.0, 0.0, 0.5])


@pytest.mark.parametrize("chunk", [[], np.zeros(0, np.int16), np.zeros((0, 2)), torch.zeros(0)])
def test_chunks_of_zero_samples(chunk):
    assert SampleInput(16000).take(chunk).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_named(bad):
    source = SampleInput(16000)
    source.take(WAVE)
    chunk = WAVE.copy()
    chunk[[17, 30]] = bad
    with pytest.raises(InputError, match="chunk 1: sample 17 of 400"):
        source.take(chunk)
    np.testing.assert_array_equal(source.take(WAVE), WAVE)


@pytest.mark.parametrize(
    "chunk, message",
    [
        (["a"], "holds"),
        ([1.0, None], "holds|no array"),
        ([[1.0], [1.0, 2.0]], "no array"),
        (np.zeros((1, 16000)), "expected .samples,. or .samples, channels."),
        (np.zeros((2, 3, 4)), "expected"),
        (np.float32(1.0), "expected"),
        (np.zeros(3, complex), "complex"),
        (np.zeros(3, bool), "bool"),
        (np.array([1, 2, 3]), "int64"),
        ([10**6], "int64"),
    ],
)
def test_what_is_no_sound_is_refused(chunk, message):
    with pytest.raises(InputError, match=message):
        SampleInput(16000).take(chunk)


@pytest.mark.parametrize("size", [1, 77, 8000])
def test_resampling_does_not_depend_on_chunks(size, caplog):
    import soxr

    wave = np.sin(np.arange(8000) / 20).astype(np.float32)
    source = SampleInput(16000, sample_rate=8000)
    parts = [source.take(wave[start : start + size]) for start in range(0, len(wave), size)]
    whole = np.concatenate([*parts, source.end()])
    np.testing.assert_allclose(whole, soxr.resample(wave, 8000, 16000, quality="HQ"), atol=1e-5)
    assert [record.getMessage() for record in caplog.records] == ["resampling from 8000 to the model's 16000 Hz"]


def test_rates():
    source = SampleInput(16000)
    source.take(WAVE, 8000)
    with pytest.raises(InputError, match="chunk 1: 44100 Hz after chunks of 8000 Hz"):
        source.take(WAVE, 44100)
    with pytest.raises(InputError, match="works at 16000 Hz"):
        SampleInput(16000, strict_rate=True).take(WAVE, 8000)
    with pytest.raises(InputError, match="must be positive"):
        SampleInput(16000).take(WAVE, -1)


def test_notes_are_given_once(caplog):
    source = SampleInput(16000)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            source.take(np.stack([WAVE, WAVE], 1) * 32768)
    assert [record.getMessage() for record in caplog.records] == [
        "averaging 2 channels",
        "chunk 0: floats are expected between -1 and 1; give 16-bit samples as int16",
    ]

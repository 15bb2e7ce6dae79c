"""The speaker's vector: length, softness, parts, weights that are not there."""

import importlib.util

import pytest
import torch

from espnet2.layers.voice_encoder import SAMPLE_RATE, SIZE, VoiceEncoder
from espnet2.utils.errors import InputError


@pytest.fixture
def encoder() -> VoiceEncoder:
    torch.manual_seed(0)
    return VoiceEncoder().eval()


@pytest.mark.parametrize("seconds", [0.05, 1.0, 4.0])
def test_a_vector_of_length_one(encoder, seconds):
    vector = encoder(0.1 * torch.randn(int(seconds * SAMPLE_RATE)))
    assert vector.shape == (SIZE,) and vector.norm() == pytest.approx(1.0, abs=1e-5)
    assert (vector >= 0).all()


def test_softer_speech_sounds_the_same(encoder):
    speech = 0.01 * torch.randn(SAMPLE_RATE)
    torch.testing.assert_close(encoder(speech), encoder(0.1 * speech), atol=1e-4, rtol=0)


def test_silence_gives_finite_numbers(encoder):
    assert encoder(torch.zeros(SAMPLE_RATE)).isfinite().all()


def test_missing_weights_are_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install --no-deps resemblyzer"):
        VoiceEncoder.pretrained()

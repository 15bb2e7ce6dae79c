"""Whisper's features: transformers' extractor is the reference, and padding changes nothing."""
import numpy as np
import pytest
import torch

from espnet2.layers.too_short import TooShortUttError
from espnet2.layers.whisper_features import WhisperLogMel


@pytest.mark.parametrize("n_mels", [80, 128])
def test_features_equal_transformers(n_mels):
    transformers = pytest.importorskip("transformers", reason="its feature extractor is the reference")
    extractor = transformers.WhisperFeatureExtractor(feature_size=n_mels, chunk_length=1)
    wave = np.random.default_rng(0).standard_normal(16000).astype(np.float32) * 0.1
    expected = torch.from_numpy(extractor(wave, sampling_rate=16000, return_tensors="np").input_features)
    feats, lengths = WhisperLogMel(n_mels)(torch.from_numpy(wave)[None], torch.tensor([16000]))
    assert lengths.tolist() == [100]
    torch.testing.assert_close(feats, expected.transpose(1, 2), atol=1e-4, rtol=0)


def test_padding_changes_nothing():
    torch.manual_seed(0)
    wave = torch.randn(2, 4000)
    wave[1, 3001:] = 0.0
    log_mel = WhisperLogMel(80)
    feats, lengths = log_mel(wave, torch.tensor([4000, 3001]))
    alone, _ = log_mel(wave[1:, :3001], torch.tensor([3001]))
    assert feats.shape == (2, 25, 80)
    assert lengths.tolist() == [25, 18]
    torch.testing.assert_close(feats[1:, :18], alone, atol=1e-5, rtol=1e-5)
    assert feats[1, 18:].abs().max() == 0


def test_too_short_a_wave_is_refused():
    with pytest.raises(TooShortUttError, match="at least 201 samples, but the utterance has 200"):
        WhisperLogMel(80)(torch.zeros(1, 200), torch.tensor([200]))

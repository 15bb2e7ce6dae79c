"""Log-mel filterbank."""

import math

import numpy as np
import pytest
import torch
from torchaudio.functional import melscale_fbanks

from espnet2.layers.log_mel import LogMel, hz_to_mel, mel_filterbank, mel_to_hz
from test.shared import SHARED, needs_shared


@pytest.mark.parametrize("htk", [False, True])
def test_the_scale_and_its_inverse(htk):
    for hz in (60.0, 999.0, 1000.0, 7900.0):
        assert float(mel_to_hz(np.array(hz_to_mel(hz, htk)), htk)) == pytest.approx(hz)
    assert hz_to_mel(1000.0) == pytest.approx(15.0) and hz_to_mel(6400.0) == pytest.approx(42.0)


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize(("fs", "n_fft", "n_mels", "fmin", "fmax"), [(16000, 512, 80, None, None), (22050, 1024, 40, 80, 7600)])
def test_the_matrix_equals_that_of_torchaudio(fs, n_fft, n_mels, fmin, fmax, htk):
    scale = "htk" if htk else "slaney"
    expected = melscale_fbanks(n_fft // 2 + 1, fmin or 0.0, fmax or fs / 2, n_mels, fs, norm="slaney", mel_scale=scale)
    assert np.allclose(mel_filterbank(fs, n_fft, n_mels, fmin, fmax, htk), expected.numpy(), atol=2e-6)


@needs_shared
def test_the_matrix_equals_that_of_a_checkpoint():
    saved = torch.load(SHARED / "parity/asr_conformer/model.pth", weights_only=True)["frontend.logmel.melmat"]
    assert np.allclose(mel_filterbank(16000, 512, 40), saved.numpy(), atol=1e-7, rtol=0)


def test_logarithm_floor_and_padding():
    power = torch.rand(2, 5, 257)
    power[0, 1] = 0.0
    feats, lengths = LogMel()(power, torch.tensor([5, 3]))
    assert feats.shape == (2, 5, 80) and lengths.tolist() == [5, 3]
    assert feats[0, 1].tolist() == pytest.approx([math.log(1e-10)] * 80)
    assert feats[1, 3:].abs().max() == 0
    decimal, _ = LogMel(log_base=10.0)(power, torch.tensor([5, 3]))
    assert torch.allclose(decimal * math.log(10.0), feats, atol=1e-5)

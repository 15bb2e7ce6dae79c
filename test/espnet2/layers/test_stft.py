"""Short-time Fourier transform."""

import numpy as np
import pytest
import torch

from espnet2.layers.stft import Stft
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError


def test_frames_and_their_number():
    """Acceptance test 3 of the interface notes: 16000 samples, n_fft 512, hop 160, centred, are 101 frames."""
    ys, olens = Stft(512, None, 160)(torch.randn(2, 16000), torch.tensor([16000, 8000]))
    assert ys.shape == (2, 101, 257, 2) and olens.tolist() == [101, 51]
    assert ys[1, 51:].abs().max() == 0 and ys[1, 50].abs().max() > 0


def test_equals_numpy():
    """A frame is the discrete Fourier transform of windowed samples; the window is periodic and centred in n_fft."""
    x = torch.randn(1, 300)
    ys, _ = Stft(64, 50, 20, center=False)(x)
    window = np.zeros(64)
    window[7:57] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(50) / 50)
    expected = np.fft.rfft(x[0, 40:104].numpy() * window)
    assert np.allclose(ys[0, 2, :, 0] + 1j * ys[0, 2, :, 1], expected, atol=1e-4)


def test_channels_are_transformed_one_by_one():
    stft = Stft(64, None, 16)
    x = torch.randn(2, 200, 3)
    ys, olens = stft(x, torch.tensor([200, 120]))
    assert ys.shape[2] == 3
    alone, _ = stft(x[..., 1], torch.tensor([200, 120]))
    assert torch.equal(ys[:, :, 1], alone)


def test_the_inverse_gives_the_signal_back():
    stft = Stft(64, None, 16)
    x = torch.randn(2, 320)
    lengths = torch.tensor([320, 320])
    assert torch.allclose(stft.inverse(stft(x, lengths)[0], lengths)[0], x, atol=1e-5)


def test_refusals():
    with pytest.raises(TooShortUttError, match="at least 257 samples, but the utterance has 256"):
        Stft(512)(torch.randn(1, 256))
    with pytest.raises(InputError, match="no square_window"):
        Stft(window="square")

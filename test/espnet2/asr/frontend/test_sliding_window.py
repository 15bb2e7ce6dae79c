"""Waveform to overlapping windows."""

import numpy as np
import pytest
import torch

from espnet2.asr.frontend.sliding_window import SlidingWindow
from espnet2.layers.global_mvn import GlobalMVN
from espnet2.layers.too_short import TooShortUttError
from espnet2.layers.utterance_mvn import UtteranceMVN
from espnet2.utils.errors import InputError


def test_windows_are_pieces_of_the_audio():
    frontend = SlidingWindow(win_length=400, hop_length=160, channels=2)
    speech = torch.randn(2, 1000, 2)
    windows, lengths = frontend(speech, torch.tensor([1000, 719]))
    assert windows.shape == (2, 4, 2, 400) and lengths.tolist() == [4, 2]
    assert frontend.output_size() == 400 and not frontend.state_dict()
    for t in range(4):
        assert torch.equal(windows[:, t], speech[:, 160 * t : 160 * t + 400].transpose(1, 2))


def test_padding_changes_no_window():
    frontend = SlidingWindow(fs="8k")
    assert frontend.sample_rate == 8000 and SlidingWindow().sample_rate is None
    speech = torch.randn(1, 1000)
    alone, lengths = frontend(speech, torch.tensor([1000]))
    together, more = frontend(torch.nn.functional.pad(speech, (0, 900)), torch.tensor([1000]))
    assert lengths.tolist() == more.tolist() == [4]
    assert torch.equal(together[:, :4], alone)
    assert frontend(torch.zeros(2, 900), torch.tensor([900, 10]))[1].tolist() == [4, 0]


def test_a_stream_has_the_windows_of_the_whole():
    frontend = SlidingWindow(win_length=50, hop_length=20)
    signal = torch.randn(333)
    windows, state = [], None
    for start in range(0, 333, 37):
        (part,), (state,) = frontend.stream([signal[start : start + 37]], [state], [start + 37 >= 333])
        windows.append(part)
    assert torch.equal(torch.cat(windows), frontend(signal.unsqueeze(0), torch.tensor([333]))[0][0])
    with pytest.raises(InputError, match="channels=2 cannot stream"):
        SlidingWindow(channels=2).stream([signal], [None], [True])


def test_windows_are_normalised_like_features(tmp_path):
    windows, lengths = SlidingWindow()(torch.randn(2, 1000), torch.tensor([1000, 720]))
    flat = windows.flatten(2)
    for normalize in (UtteranceMVN(), UtteranceMVN(norm_vars=True)):
        assert torch.equal(normalize(windows, lengths)[0].flatten(2), normalize(flat, lengths)[0])
    np.savez(tmp_path / "stats.npz", count=2, sum=np.full((1, 400), 1.0), sum_square=np.full((1, 400), 2.5))
    expected = ((windows - 0.5) / 1.0)[0]
    assert torch.allclose(GlobalMVN(tmp_path / "stats.npz")(windows, lengths)[0][0], expected)


def test_refusals():
    with pytest.raises(InputError, match="padding of sliding_window is not supported"):
        SlidingWindow(padding=3)
    with pytest.raises(InputError, match="channels=1, but the audio has 8"):
        SlidingWindow()(torch.zeros(1, 1000, 8), torch.tensor([1000]))
    with pytest.raises(TooShortUttError, match="at least 400 samples"):
        SlidingWindow()(torch.zeros(1, 399), torch.tensor([399]))

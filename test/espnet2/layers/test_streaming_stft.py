"""Frames of signals that arrive piece by piece."""

import pytest
import torch

from espnet2.layers.stft import Stft
from espnet2.layers.streaming_stft import Framing, stream_stft
from espnet2.layers.too_short import TooShortUttError
from test.espnet2.layers.pieces import cut_at_random


def test_frames_come_as_soon_as_their_last_sample():
    framing = Framing(size=4, hop_length=2, padding=2, what="this")
    frames, state = framing.stream(torch.arange(5), None, False)
    assert frames.tolist() == [[2, 1, 0, 1], [0, 1, 2, 3]]
    frames, state = framing.stream(torch.tensor([5]), state, False)
    assert frames.tolist() == [[2, 3, 4, 5]]
    frames, state = framing.stream(torch.arange(0), state, True)
    assert frames.tolist() == [[4, 5, 4, 3]] and state is None


def test_the_state_stays_small():
    framing = Framing(size=512, hop_length=160, padding=256, what="this")
    state = None
    for _ in range(20):
        _, state = framing.stream(torch.zeros(1600), state, False)
        assert len(state.samples) < 512 + 160
        assert state.samples.untyped_storage().nbytes() == 4 * len(state.samples)


@pytest.mark.parametrize("center", [True, False])
def test_spectra_equal_those_of_the_whole_to_the_bit(center):
    generator = torch.Generator().manual_seed(int(center))
    for n_fft, win_length, hop_length in [(64, None, 16), (65, 40, 7), (127, 127, 200), (32, 31, 1), (1, None, 1)]:
        stft = Stft(n_fft, win_length, hop_length, center=center)
        signals = [torch.randn(length, generator=generator) for length in (130, 640, 903)]
        wholes = [stft(signal.unsqueeze(0))[0][0] for signal in signals]
        for signal, whole in zip(signals, wholes):
            parts, state = [], None
            for piece, is_final in cut_at_random(signal, generator):
                spectrum, counts, (state,) = stream_stft(stft, [piece], [state], [is_final])
                assert counts == [len(spectrum)]
                parts.append(spectrum)
            assert torch.equal(torch.cat(parts), whole)


@pytest.mark.parametrize("center", [True, False])
def test_too_short_signals_are_refused_at_their_end_as_when_they_come_whole(center):
    stft = Stft(8, None, 2, center=center)
    least = 5 if center else 8
    for length in range(least):
        signal = torch.ones(length)
        with pytest.raises(TooShortUttError) as whole:
            stft(signal.unsqueeze(0))
        _, _, (state,) = stream_stft(stft, [signal], [None], [False])
        with pytest.raises(TooShortUttError) as streamed:
            stream_stft(stft, [signal[:0]], [state], [True])
        assert str(streamed.value) == str(whole.value)
    assert stream_stft(stft, [torch.ones(least)], [None], [True])[1][0] >= 1

"""Waveform to log-mel features."""

import pytest
import torch

from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.utils.errors import InputError
from test.espnet2.layers.pieces import cut_at_random


def test_shapes_and_keys():
    frontend = DefaultFrontend(fs="8k", n_fft=256, hop_length=80, n_mels=23)
    feats, lengths = frontend(torch.randn(2, 4000), torch.tensor([4000, 2000]))
    assert feats.shape == (2, 51, 23) and lengths.tolist() == [51, 26]
    assert frontend.output_size() == 23
    assert {key: tuple(value.shape) for key, value in frontend.state_dict().items()} == {"logmel.melmat": (129, 23)}


def test_padding_changes_no_frame_but_the_last_ones_whose_window_reaches_it():
    frontend = DefaultFrontend(n_fft=512, hop_length=160)
    speech = torch.randn(2, 8000)
    speech[1, 4800:] = 0.0
    together, lengths = frontend(speech, torch.tensor([8000, 4800]))
    alone, alone_lengths = frontend(speech[1:, :4800], torch.tensor([4800]))
    assert lengths[1] == alone_lengths[0] == 31
    assert torch.allclose(together[1, :29], alone[0, :29], atol=1e-4)
    assert together[1, 31:].abs().max() == 0


def test_evaluation_takes_the_first_channel_and_training_any():
    frontend = DefaultFrontend()
    speech, lengths = torch.randn(1, 2000, 4), torch.tensor([2000])
    channels = [frontend(speech[..., c], lengths)[0] for c in range(4)]
    assert torch.equal(frontend.eval()(speech, lengths)[0], channels[0])
    frontend.train()
    torch.manual_seed(0)
    outputs = [frontend(speech, lengths)[0] for _ in range(30)]
    drawn = {next(c for c in range(4) if torch.equal(output, channels[c])) for output in outputs}
    assert drawn == {0, 1, 2, 3}


def test_a_spectrum_may_be_the_input():
    whole = DefaultFrontend()
    spectrum, lengths = whole.stft(torch.randn(1, 2000), torch.tensor([2000]))
    feats, _ = DefaultFrontend(apply_stft=False)(spectrum, lengths)
    assert torch.equal(feats, whole.logmel(spectrum.square().sum(-1), lengths)[0])


def test_a_stream_has_the_features_of_the_whole_however_it_is_cut():
    """100 cases; the logarithms of few frames at a time may differ in the last of their bits, 5e-7 in this range."""
    generator = torch.Generator().manual_seed(0)
    sizes = [(128, None, 40), (100, 100, 40), (127, 64, 33), (33, None, 1), (64, 50, 75)]
    for n_fft, win_length, hop_length in sizes:
        for center in (True, False):
            frontend = DefaultFrontend(n_fft=n_fft, win_length=win_length, hop_length=hop_length, center=center, n_mels=8)
            for length in torch.randint(n_fft, 2 * n_fft, (10,), generator=generator).tolist():
                signal = torch.randn(length, generator=generator)
                whole, _ = frontend(signal.unsqueeze(0), torch.tensor([length]))
                parts, state = [], None
                for piece, is_final in cut_at_random(signal, generator):
                    (feats,), (state,) = frontend.stream([piece], [state], [is_final])
                    parts.append(feats)
                torch.testing.assert_close(torch.cat(parts), whole[0], atol=1e-6, rtol=0)


def test_streams_go_together_as_alone():
    frontend = DefaultFrontend(n_fft=256, hop_length=100)
    signals = [torch.randn(3000), torch.randn(2000, 2)]
    begun, states = frontend.stream([signals[0][:1234], signals[1][:0]], [None, None], [False, False])
    ended, states = frontend.stream([signals[0][1234:], signals[1]], states, [True, True])
    assert states == [None, None] and len(begun[1]) == 0
    for signal, parts in zip(signals, zip(begun, ended)):
        whole, _ = frontend.eval()(signal.unsqueeze(0), torch.tensor([len(signal)]))
        torch.testing.assert_close(torch.cat(parts), whole[0], atol=1e-6, rtol=0)


def test_refusals():
    assert DefaultFrontend(frontend_conf={"use_wpe": False, "taps": 5}).n_mels == 80
    with pytest.raises(InputError, match="use_beamformer is not supported"):
        DefaultFrontend(frontend_conf={"use_beamformer": True})
    with pytest.raises(InputError, match="use_wpw is not known"):
        DefaultFrontend(frontend_conf={"use_wpw": True})
    with pytest.raises(InputError, match="to stream takes samples"):
        DefaultFrontend(apply_stft=False).stream([torch.randn(9, 257, 2)], [None], [True])

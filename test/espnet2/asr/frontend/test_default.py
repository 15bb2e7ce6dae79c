"""Waveform to log-mel features."""

import pytest
import torch

from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.utils.errors import InputError


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


def test_refusals():
    assert DefaultFrontend(frontend_conf={"use_wpe": False, "taps": 5}).n_mels == 80
    with pytest.raises(InputError, match="use_beamformer is not supported"):
        DefaultFrontend(frontend_conf={"use_beamformer": True})
    with pytest.raises(InputError, match="use_wpw is not known"):
        DefaultFrontend(frontend_conf={"use_wpw": True})

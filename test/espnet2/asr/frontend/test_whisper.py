"""Whisper's encoder as a front end."""
import pytest
import torch

from espnet2.asr.encoder.whisper_encoder import WhisperEncoder
from espnet2.asr.frontend.whisper import WhisperFrontend
from espnet2.utils.errors import InputError
from test.espnet2.whisper_files import save_release


def test_it_gives_what_the_encoder_gives_and_does_not_learn(tmp_path):
    path = str(save_release(tmp_path))
    frontend, encoder = WhisperFrontend(path, fs="16k"), WhisperEncoder(1, path)
    wave, lengths = torch.randn(2, 6000), torch.tensor([6000, 4321])
    feats, olens = frontend(wave, lengths)
    expected, expected_lens, _ = encoder(wave, lengths)
    assert frontend.output_size() == 16 and frontend.sample_rate == 16000
    assert torch.equal(feats, expected) and torch.equal(olens, expected_lens)
    assert not any(parameter.requires_grad for parameter in frontend.parameters())
    assert any(name.startswith("whisper.decoder.") for name in frontend.state_dict())
    learning = WhisperFrontend(path, freeze_weights=False)
    assert all(parameter.requires_grad for parameter in learning.whisper.encoder.parameters())


def test_another_rate_is_refused():
    with pytest.raises(InputError, match="16000 Hz only, not 8k"):
        WhisperFrontend(fs="8k")

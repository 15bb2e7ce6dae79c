"""Whisper's encoder on waveforms."""
import logging

import pytest
import torch

from espnet2.asr.encoder.whisper_encoder import WhisperEncoder
from espnet2.utils.errors import InputError
from test.espnet2.whisper_files import save_hugging_face, save_release


def build(tmp_path, **conf):
    return WhisperEncoder(1, whisper_model=str(save_release(tmp_path)), **conf).eval()


def speech(*lengths):
    torch.manual_seed(0)
    wave = torch.zeros(len(lengths), max(lengths))
    for row, length in enumerate(lengths):
        wave[row, :length] = torch.randn(length)
    return wave, torch.tensor(lengths)


def test_keys_are_those_of_the_first_release(tmp_path):
    names = set(build(tmp_path).state_dict())
    assert {"encoders.conv1.weight", "encoders.positional_embedding", "encoders.blocks.1.mlp.2.bias"} <= names
    assert {name.split(".")[0] for name in names} == {"encoders"}


@torch.no_grad()
def test_padded_to_thirty_seconds_it_equals_transformers(tmp_path):
    folder, reference = save_hugging_face(tmp_path)
    encoder = WhisperEncoder(1, whisper_model=str(folder), do_pad_trim=True).eval()
    wave, lengths = speech(9600, 5000)  # 9600 is all that the tiny network takes
    encoded, olens, _ = encoder(wave, lengths)
    feats, _ = encoder.log_mel(wave, torch.tensor([9600, 9600]))
    expected = reference.model.encoder(feats.transpose(1, 2)).last_hidden_state
    assert olens.tolist() == [30, 30]
    torch.testing.assert_close(encoded, expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("do_pad_trim", [True, False])
def test_an_utterance_is_the_same_alone_and_in_a_batch(tmp_path, do_pad_trim):
    encoder = build(tmp_path, do_pad_trim=do_pad_trim)
    encoded, olens, _ = encoder(*speech(8000, 5000))
    wave, lengths = speech(8000, 5000)
    alone, alone_lens, _ = encoder(wave[1:, :5000], lengths[1:])
    assert olens.tolist() == ([30, 30] if do_pad_trim else [25, 16])
    torch.testing.assert_close(encoded[1:, : olens[1]], alone, atol=1e-5, rtol=1e-5)
    assert alone_lens.tolist() == olens[1:].tolist()


def test_what_is_too_long_is_cut_with_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        encoded, olens, _ = build(tmp_path)(*speech(12000))
    assert encoded.shape == (1, 30, 16) and olens.tolist() == [30]
    assert "of 12000 samples only the first 9600" in caplog.text


def test_specaug_masks_in_training_only(tmp_path):
    conf = {"apply_time_warp": False, "apply_time_mask": False, "num_freq_mask": 5, "freq_mask_width_range": (0, 40)}
    encoder = build(tmp_path, use_specaug=True, specaug_conf=conf)
    batch = speech(8000)
    assert torch.equal(encoder(*batch)[0], encoder(*batch)[0])
    assert not torch.equal(encoder.train()(*batch)[0], encoder(*batch)[0])


def test_features_as_input_are_refused():
    with pytest.raises(InputError, match="set input_size to 1"):
        WhisperEncoder(80)

"""Pitch and energy per frame and per token; spectra and back."""
import logging

import numpy as np
import pytest
import torch

from espnet2.tts.feats_extract.energy import Energy
from espnet2.tts.feats_extract.per_token import average_per_token
from espnet2.tts.feats_extract.pitch import Dio, Yin, fill_gaps
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram, LogMelFbank, LogSpectrogram
from espnet2.tts.feats_extract.yin import yin
from espnet2.tts.griffin_lim import GriffinLim
from espnet2.utils.errors import InputError

FS, HOP = 16000, 256


def tone(hz, seconds=0.5):
    """Samples of seven partials whose frequency is a number or one per sample."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, round(seconds * FS))) / FS
    return 0.2 * sum(np.sin(k * phase) / k for k in range(1, 8))


@pytest.mark.parametrize("hz", [90.0, 123.4, 220.0, 380.0])
def test_yin_of_a_steady_tone(hz):
    f0 = yin(tone(hz), FS, HOP, 80, 400)
    assert len(f0) == 8000 // HOP + 1
    np.testing.assert_allclose(f0[4:-4], hz, rtol=2e-3)


def test_yin_of_a_glide_with_a_pause():
    glide = np.linspace(100, 300, 16000)
    wave = tone(glide, 1.0)
    wave[:4000] = 0.0
    f0 = yin(wave, FS, HOP, 80, 400)
    assert not f0[:12].any()
    np.testing.assert_allclose(f0[22:-4], glide[::HOP][22:-4], rtol=0.02)


def test_yin_of_noise_and_silence():
    noise = np.random.RandomState(0).randn(8000) * 0.1
    assert (yin(noise, FS, HOP, 80, 400) > 0).mean() < 0.1
    assert not yin(np.zeros(8000), FS, HOP, 80, 400).any()


def test_gaps_are_filled():
    np.testing.assert_allclose(fill_gaps(np.array([0.0, 100, 0, 0, 130, 0])), [100, 100, 110, 120, 130, 130])


def test_no_voice_at_all_is_told(caplog):
    with caplog.at_level(logging.WARNING):
        assert not fill_gaps(np.zeros(3)).any()
    assert "No voice" in caplog.text


def test_average_per_token():
    values = torch.tensor([1.0, 3.0, 0.0, 5.0, 0.0, 7.0])
    durations = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(average_per_token(values, durations), torch.tensor([2.0, 0.0, 5 / 3, 7.0]))
    torch.testing.assert_close(
        average_per_token(values, durations, positive_only=True), torch.tensor([2.0, 0.0, 5.0, 7.0])
    )
    torch.testing.assert_close(average_per_token(values, torch.tensor([1, 2]), reduction_factor=2), torch.tensor([2.0, 3.0]))


def waves():
    speech = torch.zeros(2, 8000)
    speech[0] = torch.from_numpy(tone(150.0))
    speech[1, :6000] = torch.from_numpy(tone(200.0))[:6000]
    return speech, torch.tensor([8000, 6000])


@pytest.mark.parametrize("extract", [Energy(FS, use_token_averaged_energy=False), Yin(FS, use_token_averaged_f0=False)])
def test_frame_values_fit_the_features_and_padding_is_zero(extract):
    speech, lengths = waves()
    feats_lengths = torch.tensor([33, 22])
    values, value_lengths = extract(speech, lengths, feats_lengths=feats_lengths)
    assert values.shape == (2, 33, 1)
    assert value_lengths.tolist() == [33, 22]
    assert not values[1, 22:].any()
    alone, _ = extract(speech[1:, :6000], lengths[1:], feats_lengths=feats_lengths[1:])
    torch.testing.assert_close(values[1, :22], alone[0])


def test_durations_are_needed_for_an_average_and_must_sum_to_the_frames():
    speech, lengths = waves()
    extract = Energy(FS)
    with pytest.raises(InputError, match="needs their durations"):
        extract(speech, lengths, feats_lengths=torch.tensor([32, 24]))
    given = {"durations": torch.tensor([[16, 16], [12, 11]]), "durations_lengths": torch.tensor([2, 2])}
    with pytest.raises(InputError, match="utterance 2 of the batch .* sum to 23 frames, its features have 24"):
        extract(speech, lengths, feats_lengths=torch.tensor([32, 24]), **given)


def test_dio_falls_back_to_yin_with_a_note(monkeypatch, caplog):
    monkeypatch.setitem(__import__("sys").modules, "pyworld", None)
    monkeypatch.setattr("espnet2.tts.feats_extract.pitch._noted", set())
    speech, lengths = waves()
    with caplog.at_level(logging.WARNING):
        found, _ = Dio(FS, use_token_averaged_f0=False)(speech, lengths)
    torch.testing.assert_close(found, Yin(FS, use_token_averaged_f0=False)(speech, lengths)[0])
    assert caplog.text.count("pip install pyworld-prebuilt") == 1


def test_discrete_pitch_is_refused():
    with pytest.raises(InputError, match="use_discrete_f0"):
        Yin(FS, use_discrete_f0=True)


@pytest.mark.parametrize("kind", [LinearSpectrogram, LogSpectrogram, LogMelFbank])
def test_griffin_lim_gives_a_waveform_of_these_features(kind):
    torch.manual_seed(0)
    speech, lengths = waves()
    extract = kind()
    feats, feats_lengths = extract(speech, lengths)
    assert feats.shape[2] == extract.output_size()
    assert not feats[1, feats_lengths[1] :].any()
    wave = GriffinLim(extract, FS)(feats[0])
    assert abs(len(wave) - 8000) < HOP
    own = extract.to_amplitude(feats[0])[: len(wave) // HOP]
    again = extract.to_amplitude(extract(wave[None], torch.tensor([len(wave)]))[0][0])[: len(own)]
    assert (own - again).norm() / own.norm() < 0.2


def test_griffin_lim_needs_a_sample_rate():
    with pytest.raises(InputError, match="vocoder_conf fs="):
        GriffinLim(LinearSpectrogram())
    assert GriffinLim(LogMelFbank(fs="22.05k")).fs == 22050

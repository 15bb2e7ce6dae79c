"""The synthesiser around a network: what it names, what it scales, what it hands on."""
import math

import numpy as np
import pytest
import torch

from espnet2.layers.global_mvn import GlobalMVN
from espnet2.tts.abs_tts import AbsTTS
from espnet2.tts.espnet_model import ESPnetTTSModel
from espnet2.tts.fastspeech2.fastspeech2 import FastSpeech2
from espnet2.tts.feats_extract.energy import Energy
from espnet2.tts.feats_extract.pitch import Yin
from espnet2.tts.feats_extract.spectrum import LogMelFbank
from espnet2.utils.errors import InputError

SMALL = {"adim": 8, "aheads": 2, "elayers": 1, "eunits": 8, "dlayers": 1, "dunits": 8, "postnet_layers": 1, "postnet_chans": 4}
SOUND = {"fs": 8000, "n_fft": 256, "hop_length": 128}


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    np.savez(tmp_path / "stats.npz", count=10, sum=np.array([50.0]), sum_square=np.array([290.0]))  # mean 5, deviation 2
    np.savez(tmp_path / "feats.npz", count=10, sum=np.zeros(8), sum_square=np.full(8, 40.0))  # deviation 2
    normalize, one = GlobalMVN(tmp_path / "feats.npz"), tmp_path / "stats.npz"
    extract = LogMelFbank(**SOUND, n_mels=8, fmin=None, fmax=None)
    tts = FastSpeech2(9, 8, **SMALL)
    torch.nn.init.constant_(tts.duration_predictor.linear.bias, 1.0)
    return ESPnetTTSModel(extract, Yin(**SOUND), Energy(**SOUND), normalize, GlobalMVN(one), GlobalMVN(one), tts)


def batch():
    durations = torch.tensor([[3, 4, 4], [2, 3, 0]])
    return {
        "text": torch.tensor([[1, 2], [3, 0]]),
        "text_lengths": torch.tensor([2, 1]),
        "speech": torch.randn(2, 1280),
        "speech_lengths": torch.tensor([1280, 512]),
        "durations": durations,
        "durations_lengths": torch.tensor([3, 2]),
    }


def test_durations_that_do_not_sum_to_the_frames_are_told(model):
    assert model(**batch(), utt_id=["first", "second"])[0].isfinite()
    wrong = batch()
    wrong["durations"][1, 1] += 2
    with pytest.raises(InputError, match="durations of utterance 2 .*sum to 7 frames.*have 5.*batch: first, second"):
        model(**wrong, utt_id=["first", "second"])


def test_messages_of_the_network_name_the_batch(model):
    wrong = {**batch(), "durations_lengths": torch.tensor([3, 3])}
    with pytest.raises(InputError, match="Utterance 2 of the batch .*batch: first, second"):
        model(**wrong, utt_id=["first", "second"])


def test_scales_are_of_hz_and_of_energy(model):
    model.eval()
    text = torch.tensor([1, 2, 3])
    plain, changed = model.inference(text), model.inference(text, pitch_scale=1.5, energy_scale=2.0)
    torch.testing.assert_close(changed["pitch"], plain["pitch"] + math.log(1.5) / 2.0)
    torch.testing.assert_close(changed["energy"] * 2.0 + 5.0, (plain["energy"] * 2.0 + 5.0) * 2.0)
    with pytest.raises(InputError, match="pitch_scale"):
        model.inference(text, pitch_scale=-1.0)


def test_features_on_their_own_scale(model):
    model.eval()
    text, lengths = torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([3, 1])
    together = model.inference_batch(text, lengths, pitch_scale=1.1)
    for row, length in enumerate(lengths):
        alone = model.inference(text[row, :length], pitch_scale=1.1)
        torch.testing.assert_close(alone["feat_gen_denorm"], alone["feat_gen"] * 2.0)
        torch.testing.assert_close(together[row]["feat_gen_denorm"], alone["feat_gen_denorm"], atol=1e-5, rtol=1e-5)


def test_a_reference_of_the_style_needs_no_durations(model):
    features = model.eval()._reference(torch.randn(1280))
    assert set(features) == {"feats"} and features["feats"].shape == (11, 8)
    assert "feat_gen" in model.inference(torch.tensor([1, 2]), speech=torch.randn(1280))


def test_the_rate_of_the_speech(model):
    assert model.sample_rates() == {"speech": 8000}
    assert ESPnetTTSModel(None, None, None, None, None, None, model.tts).sample_rates() == {}


class Echo(AbsTTS):
    """Speaks each token's number as often as it says."""

    def forward(self, text, text_lengths, feats, feats_lengths, **conditions):
        raise NotImplementedError

    def inference(self, text, durations, offset=0):
        return {"feat_gen": (text.repeat_interleave(durations) + offset).float().unsqueeze(-1)}


def test_networks_that_know_no_batches_take_one_after_the_other():
    text, durations = torch.tensor([[1, 2], [3, 0]]), torch.tensor([[1, 2], [2, 0]])
    given = {"durations": durations, "durations_lengths": torch.tensor([2, 1])}
    outputs = Echo().inference_batch(text, torch.tensor([2, 1]), **given, offset=1)
    assert [output["feat_gen"].flatten().tolist() for output in outputs] == [[2.0, 3.0, 3.0], [4.0, 4.0]]


def test_what_is_asked_of_data(model):
    """The rest is in test_data_needs.py."""
    model.check_data_names(["text", "speech", "durations"])
    data = {"text": np.ones(2, int), "speech": np.zeros(1280), "durations": np.array([3, 4, 4])}
    assert model.utterance_check()(data) is None
    assert model.utterance_check()({**data, "text": np.ones(0, int)})[0] == "text"
    features = ESPnetTTSModel(None, model.pitch_extract, None, None, None, None, model.tts)
    assert features.utterance_check()({**data, "speech": np.zeros((11, 8))}) is None
    with pytest.raises(InputError, match="spoke freely"):
        features.check_data_names(["text", "speech", "durations"])

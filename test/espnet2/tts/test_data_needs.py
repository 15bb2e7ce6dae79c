"""What is told of data before a network sees them."""

import pickle

import numpy as np
import pytest

from espnet2.gan_tts.jets.jets import JETS
from espnet2.gan_tts.vits.vits import VITS
from espnet2.layers.stft import Stft
from espnet2.tts.data_needs import UtteranceNeeds, check_names
from espnet2.tts.fastspeech.fastspeech import FastSpeech
from espnet2.tts.fastspeech2.fastspeech2 import FastSpeech2
from espnet2.tts.tacotron2.tacotron2 import Tacotron2
from espnet2.utils.errors import InputError

SMALL = {"adim": 8, "aheads": 2, "elayers": 1, "eunits": 8, "dlayers": 1, "dunits": 8, "postnet_layers": 0}
HOP = 4


def needs(network, hop=HOP):
    return UtteranceNeeds.of(network, Stft(16, hop_length=hop).num_frames if hop else None)


def utterance(num_tokens, num_frames, **more):
    return {"text": np.ones(num_tokens, int), "speech": np.zeros((num_frames - 1) * HOP), **more}


@pytest.fixture
def learner():
    return FastSpeech2(6, 3, **SMALL, learn_alignment=True)


def test_each_token_wants_a_frame_where_an_alignment_is_learned(learner):
    check = pickle.loads(pickle.dumps(needs(learner)))  # as it comes to reading processes
    assert check(utterance(4, 5)) is None
    name, wrong = check(utterance(5, 5))
    assert name == "speech" and "5 frames for 6 tokens (with the end of the text)" in wrong
    vits = VITS.__new__(VITS)  # only what the class says is asked for
    assert vits.learns_durations and not vits.ends_text
    jets = JETS(6, 3, generator_params={**SMALL, "generator_channels": 32})
    assert needs(jets)(utterance(5, 5)) is None and "for 6 tokens," in needs(jets)(utterance(6, 5))[1]


def test_durations(learner):
    check = needs(FastSpeech(6, 3, **SMALL))
    assert check(utterance(2, 7, durations=np.array([1, 2, 4]))) is None
    for numbers, message in (([3, 4], "2 numbers for 3 tokens"), ([1, 2, 3], "sum to 6, but .* 7 frames"), ([9, -3, 1], "sum")):
        name, wrong = check(utterance(2, 7, durations=np.array(numbers)))
        assert name == "durations"
        with pytest.raises(AssertionError, match=message):
            raise AssertionError(wrong)
    assert needs(Tacotron2.__new__(Tacotron2))(utterance(2, 7, durations=np.array([7]))) is None  # it looks at none
    with_steps = needs(FastSpeech(6, 3, **SMALL, reduction_factor=3))
    assert with_steps(utterance(2, 7, durations=np.array([1, 1, 0]))) is None
    assert with_steps(utterance(2, 2))[1].startswith("has 2 frames, less than")


def test_features_are_frames():
    check = needs(FastSpeech(6, 3, **SMALL), hop=None)
    assert check({"text": np.ones(1, int), "speech": np.zeros((5, 3)), "durations": np.array([2, 3])}) is None


def test_empty_texts_and_conditions():
    network = FastSpeech(6, 3, **SMALL, spks=3, spk_embed_dim=4)
    check = needs(network)
    assert check(utterance(0, 5))[0] == "text"
    assert check(utterance(1, 5, sids=np.array([2]), spembs=np.ones((1, 4)))) is None
    assert check(utterance(1, 5, sids=np.array([3]))) == ("sids", "is 3, tts_conf: spks is 3: one number of 0 to 2 is wanted")
    assert "has 5 values" in check(utterance(1, 5, spembs=np.ones(5)))[1]
    with pytest.raises(InputError, match="needs sids: the number of the speaker"):
        check_names(network, ["text", "speech", "durations", "spembs"], [], is_features=False)


def test_names(learner):
    teacher = FastSpeech2(6, 3, **SMALL)
    check_names(teacher, ["text", "speech", "durations"], ["pitch", "energy"], is_features=False)
    check_names(teacher, ["text", "speech", "durations", "pitch", "energy"], [], is_features=True)
    check_names(learner, ["text", "speech"], ["pitch", "energy"], is_features=False)
    check_names(Tacotron2.__new__(Tacotron2), ["text", "speech"], [], is_features=False)
    with pytest.raises(InputError, match="FastSpeech2 needs durations"):
        check_names(teacher, ["text", "speech"], ["pitch", "energy"], is_features=False)
    with pytest.raises(InputError, match="FastSpeech2 needs energy: choose energy_extract"):
        check_names(learner, ["text", "speech"], ["pitch"], is_features=False)
    with pytest.raises(InputError, match="finds the durations itself"):
        check_names(learner, ["text", "speech", "durations"], ["pitch", "energy"], is_features=False)
    with pytest.raises(InputError, match="a teacher that spoke freely.*use_teacher_forcing true"):
        check_names(teacher, ["text", "speech", "durations"], ["pitch", "energy"], is_features=True)

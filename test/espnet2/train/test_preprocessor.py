"""Speech and text before the batch."""

import pickle

import numpy as np
import pytest
import soundfile

from espnet2.train.augment import add_noise, parse_db_range, read_noise, reverberate, speech_power
from espnet2.train.preprocessor import CommonPreprocessor
from espnet2.train.utterance_random import own_random_state, seed_by
from espnet2.utils.errors import InputError

TOKENS = ["<blank>", "<unk>", "<space>", "a", "b", "<noise>", "<sos/eos>"]


@pytest.fixture
def speech() -> np.ndarray:
    return np.random.RandomState(0).uniform(-0.3, 0.3, 8000).astype(np.float32)


@pytest.fixture
def sounds(tmp_path):
    """Lists of one impulse response (two channels) and one noise."""
    rir = np.zeros((50, 2))
    rir[[0, 20], 0], rir[10, 1] = (0.5, 0.25), 1.0
    soundfile.write(tmp_path / "rir.wav", rir, 16000, subtype="FLOAT")
    noise = np.random.RandomState(1).randn(3000) * 0.1
    soundfile.write(tmp_path / "noise.wav", noise, 16000, subtype="FLOAT")
    (tmp_path / "rir.scp").write_text(f"r1 {tmp_path}/rir.wav\n")
    (tmp_path / "noise.scp").write_text(f"{tmp_path}/noise.wav\n")
    return {"rir_scp": str(tmp_path / "rir.scp"), "noise_scp": str(tmp_path / "noise.scp")}


def test_text_becomes_ids():
    """char tokens of "ab z <noise>" in the list above; what is not in it is <unk> = 1."""
    preprocessor = CommonPreprocessor(
        False, token_type="char", token_list=TOKENS, non_linguistic_symbols=["<noise>"], aux_task_names=["other"]
    )
    data = preprocessor("u", {"text": "ab z <noise>", "other": "b", "kept": np.ones(1)})
    assert data["text"].tolist() == [3, 4, 2, 1, 2, 5] and data["text"].dtype == np.int64
    assert data["other"].tolist() == [4] and data["kept"].tolist() == [1]


def test_long_text_is_told(caplog):
    CommonPreprocessor(True, token_type="char", token_list=TOKENS)("u7", {"text": "a" * 501})
    assert "'u7' has 501 tokens" in caplog.text


def test_nothing_asked_nothing_changed(speech):
    data = CommonPreprocessor(True)("u", {"speech": speech, "text": "as it is"})
    assert data["speech"] is speech and data["text"] == "as it is"


def test_volume_and_channels(speech):
    for train in (True, False):
        loud = CommonPreprocessor(train, speech_volume_normalize=0.9)("u", {"speech": speech})["speech"]
        assert np.isclose(np.abs(loud).max(), 0.9) and loud.dtype == np.float32
    stereo = np.stack([speech, 3 * speech], axis=1)
    mono = CommonPreprocessor(False, force_single_channel=True)("u", {"speech": stereo})["speech"]
    assert np.allclose(mono, 2 * speech, atol=1e-6)
    silence = CommonPreprocessor(False, speech_volume_normalize=1.0)("u", {"speech": np.zeros(5, np.float32)})
    assert not silence["speech"].any()


def test_least_length_in_training_only(speech):
    kwargs = {"min_sample_size": 8100, "audio_pad_value": 0.25}
    long = CommonPreprocessor(True, **kwargs)("u", {"speech": np.stack([speech] * 2, axis=1)})["speech"]
    assert long.shape == (8100, 2) and (long[8000:] == 0.25).all()
    assert len(CommonPreprocessor(False, **kwargs)("u", {"speech": speech})["speech"]) == 8000


def test_augmentation_belongs_to_training_and_to_the_utterance(speech, sounds):
    kwargs = {**sounds, "noise_db_range": "0_20", "rir_apply_prob": 0.5}

    def once(train, *words):
        with own_random_state():
            seed_by(*words)
            return CommonPreprocessor(train, **kwargs)("u", {"speech": speech})["speech"]

    assert once(False, 1, "u") is speech
    changed = once(True, 1, "u")
    assert changed.shape == speech.shape and changed.dtype == np.float32 and np.abs(changed).max() <= 1
    assert np.array_equal(changed, once(True, 1, "u"))
    assert not np.array_equal(changed, once(True, 2, "u")) and not np.array_equal(changed, once(True, 1, "v"))
    stereo = CommonPreprocessor(True, **kwargs)("u", {"speech": np.stack([speech] * 2, axis=1)})["speech"]
    assert stereo.shape == (8000, 2)
    never = CommonPreprocessor(True, **sounds, rir_apply_prob=-1.0, noise_apply_prob=-1.0)
    assert never("u", {"speech": speech})["speech"] is speech


def test_reverberate_keeps_length_and_power(speech):
    """y[t] = x[t] + x[t - 20] / 2, up to the scale that restores the power."""
    rir = np.zeros((1, 30))
    rir[0, [0, 20]] = 1, 0.5
    heard = reverberate(speech[None], rir)
    expected = speech + 0.5 * np.concatenate([np.zeros(20), speech[:-20]])
    expected *= np.sqrt(speech_power(speech[None]) / speech_power(expected[None]))
    assert np.allclose(heard[0], expected, atol=1e-5)
    with pytest.raises(InputError, match="with 1 channels cannot serve speech with 2"):
        reverberate(np.stack([speech] * 2), rir)


@pytest.mark.parametrize("snr_db", [-5.0, 10.0])
def test_noise_has_the_ratio_asked_for(speech, snr_db):
    noise = np.random.RandomState(2).randn(8000)
    power = speech_power(speech[None])
    added = add_noise(speech[None], noise, snr_db, power) - speech
    assert np.isclose(10 * np.log10(power / (added**2).mean()), snr_db, atol=1e-3)


def test_power_leaves_silence_out():
    half = np.concatenate([np.full(10240, 0.5), np.zeros(10240)])[None]
    assert np.isclose(speech_power(half), 0.25, rtol=0.08)
    assert speech_power(np.zeros((1, 100))) == 0 and speech_power(np.ones((2, 1))) == 1


@pytest.mark.parametrize("length", [1, 100, 2999, 3000, 3001, 10000])
def test_noise_of_any_length(tmp_path, sounds, length):
    noise, _ = soundfile.read(tmp_path / "noise.wav")
    piece = read_noise(str(tmp_path / "noise.wav"), length, short_noise_thres=0.0)
    assert len(piece) == length
    start = int(np.argmin(np.abs(noise - piece[0])))
    assert np.allclose(piece, noise[(start + np.arange(length)) % 3000], atol=1e-6)


def test_db_range():
    assert parse_db_range("13_15") == (13, 15) and parse_db_range("7") == (7, 7) and parse_db_range("-5_5") == (-5, 5)
    for text in ("a_b", "5_3", "1_2_3"):
        with pytest.raises(InputError, match="noise_db_range"):
            parse_db_range(text)


def test_refusals(tmp_path, sounds, speech):
    with pytest.raises(InputError, match="token_type char needs a token_list"):
        CommonPreprocessor(True, token_type="char")
    with pytest.raises(InputError, match="data_aug_effects is not supported"):
        CommonPreprocessor(True, data_aug_effects=[[1, "lowpass", {}]])
    with pytest.raises(InputError, match="16000 Hz, but the speech has 8000 Hz"):
        CommonPreprocessor(True, noise_scp=sounds["noise_scp"], fs=8000)("u", {"speech": speech})
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InputError, match="lists no sound file"):
        CommonPreprocessor(True, rir_scp=str(tmp_path / "empty"))


def test_goes_to_a_worker_process(sounds, speech):
    preprocessor = CommonPreprocessor(True, token_type="char", token_list=TOKENS, **sounds)
    copy = pickle.loads(pickle.dumps(preprocessor))
    assert copy("u", {"text": "ab"})["text"].tolist() == [3, 4] and repr(copy) == repr(preprocessor)

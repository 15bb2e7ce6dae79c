"""Features, pitch and energy against reference arrays."""
import importlib.util

import numpy as np
import pytest
import torch
import yaml

from espnet2.tts.feats_extract.energy import Energy
from espnet2.tts.feats_extract.pitch import Dio, Yin
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram, LogMelFbank
from test.shared import SHARED, needs_shared

pytestmark = needs_shared


@pytest.fixture(scope="module")
def case():
    folder = SHARED / "parity" / "tts_fastspeech2"
    inputs = {name: torch.from_numpy(value) for name, value in np.load(folder / "input.npz").items()}
    return inputs, np.load(folder / "output.npz"), yaml.safe_load((folder / "config.yaml").read_text())


def context(inputs, output):
    durations = {name: inputs[name] for name in ("durations", "durations_lengths")}
    return {"feats_lengths": torch.from_numpy(output["feats_lengths"]), **durations}


def test_log_mel(case):
    inputs, output, config = case
    feats, lengths = LogMelFbank(**config["feats_extract_conf"])(inputs["speech"], inputs["speech_lengths"])
    np.testing.assert_allclose(feats, output["feats"], atol=1e-5)
    np.testing.assert_array_equal(lengths, output["feats_lengths"])


def test_linear_spectrogram():
    folder = SHARED / "parity" / "vits"
    inputs = {name: torch.from_numpy(value) for name, value in np.load(folder / "input.npz").items()}
    config = yaml.safe_load((folder / "config.yaml").read_text())["feats_extract_conf"]
    feats, _ = LinearSpectrogram(**config)(inputs["speech"], inputs["speech_lengths"])
    np.testing.assert_allclose(feats, np.load(folder / "output.npz")["feats"], atol=2e-5)


def test_energy(case):
    inputs, output, config = case
    extract = Energy(**config["energy_extract_conf"])
    energy, lengths = extract(inputs["speech"], inputs["speech_lengths"], **context(inputs, output))
    np.testing.assert_allclose(energy, output["energy"], atol=1e-5)
    np.testing.assert_array_equal(lengths, output["energy_lengths"])


@pytest.mark.skipif(importlib.util.find_spec("pyworld") is None, reason="pyworld is not installed")
def test_dio(case):
    inputs, output, config = case
    extract = Dio(**config["pitch_extract_conf"])
    pitch, _ = extract(inputs["speech"], inputs["speech_lengths"], **context(inputs, output))
    np.testing.assert_allclose(pitch, output["pitch"], atol=1e-5)


def test_yin_tells_the_pitch_of_most_tokens_as_dio_does(case):
    inputs, output, config = case
    extract = Yin(**config["pitch_extract_conf"])
    pitch, lengths = extract(inputs["speech"], inputs["speech_lengths"], **context(inputs, output))
    np.testing.assert_array_equal(lengths, output["pitch_lengths"])
    assert np.median(np.abs(pitch.numpy() - output["pitch"])) < 0.05  # of the logarithm: 5 %

"""Speech2Text on what is not a waveform of one channel: features, spectra, several channels, windows."""

import numpy as np
import pytest
import torch

from espnet2.config.yaml import dump_yaml
from espnet2.inference.speech2text import Speech2Text
from espnet2.tasks.asr import ASRTask

TOKENS = ["<blank>", "<unk>", "<space>", *"abcd", "<sos/eos>"]
LAYERS = {"output_size": 8, "attention_heads": 2, "linear_units": 8, "num_blocks": 1}
FRONTEND = {"n_mels": 20, "hop_length": 160, "frontend_conf": None}


def recogniser(folder, **config):
    """A small random model, saved and loaded."""
    config = {
        "token_list": TOKENS,
        "token_type": "char",
        "encoder": "transformer",
        "encoder_conf": LAYERS,
        "decoder": "transformer",
        "decoder_conf": {"attention_heads": 2, "linear_units": 8, "num_blocks": 1},
        **config,
    }
    dump_yaml(config, folder / "config.yaml")
    torch.manual_seed(0)
    model, _ = ASRTask.build_model_from_file(folder / "config.yaml")
    torch.save(model.state_dict(), folder / "latest.pth")
    return Speech2Text.from_pretrained(folder, beam_size=2, maxlenratio=-3)


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_features(tmp_path):
    speech2text = recogniser(tmp_path, input_size=83)
    one, two = noise(40, 83), noise(60, 83)
    together = speech2text([one, two])
    for features, nbest in zip((one, two), together):
        alone = speech2text(features)
        assert alone[0][2] == nbest[0][2] and alone[0][3].score == pytest.approx(nbest[0][3].score, abs=1e-4)
    assert speech2text(noise(3, 83))[0][0] == " "


def test_eight_channels_are_heard_by_the_first(tmp_path):
    speech2text = recogniser(tmp_path, frontend_conf=FRONTEND)
    speech = noise(8000, 8)
    nbest, expected = speech2text(speech), speech2text(speech[:, 0])
    assert nbest[0][2] == expected[0][2] and nbest[0][3].score == pytest.approx(expected[0][3].score, abs=1e-5)
    model = speech2text.asr_model.train()
    loss, _, _ = model(torch.from_numpy(speech[None]), *map(torch.tensor, ([8000], [[3, 4]], [2])))
    assert loss.isfinite()


def test_a_spectrum(tmp_path):
    speech2text = recogniser(tmp_path, frontend_conf={**FRONTEND, "apply_stft": False})
    assert len(speech2text(noise(50, 257, 2))) == 1


def test_windows_of_the_waveform(tmp_path):
    speech2text = recogniser(
        tmp_path,
        frontend="sliding_window",
        preencoder="sinc",
        preencoder_conf={"out_channels": 128},
        postencoder="length_adaptor",
        postencoder_conf={"length_adaptor_n_layers": 1},
    )
    assert len(speech2text(noise(8000))) == 1
    assert speech2text(noise(100))[0][0] == " "


def test_fused_front_ends(tmp_path):
    part = {"frontend_type": "default", "n_mels": 20}
    speech2text = recogniser(
        tmp_path,
        frontend="fused",
        frontend_conf={"frontends": [{**part, "hop_length": 160}, {**part, "hop_length": 320}], "proj_dim": 16},
        preencoder="linear",
        preencoder_conf={"input_size": 32, "output_size": 20},
    )
    assert len(speech2text(noise(8000))) == 1

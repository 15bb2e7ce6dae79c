"""FastSpeech 2 against reference arrays: keys, losses, gradients, synthesis."""
import numpy as np
import pytest
import torch
import yaml

from espnet2.tts.espnet_model import ESPnetTTSModel
from espnet2.tts.fastspeech2.fastspeech2 import FastSpeech2
from espnet2.tts.feats_extract.energy import Energy
from espnet2.tts.feats_extract.pitch import Dio
from espnet2.tts.feats_extract.spectrum import LogMelFbank
from test.shared import SHARED, needs_shared

FOLDER = SHARED / "parity" / "tts_fastspeech2"


@pytest.fixture(scope="module")
def case():
    conf = yaml.safe_load((FOLDER / "config.yaml").read_text())
    tts = FastSpeech2(len(conf["token_list"]), 20, **conf["tts_conf"])
    extract = LogMelFbank(**conf["feats_extract_conf"])
    pitch, energy = Dio(**conf["pitch_extract_conf"]), Energy(**conf["energy_extract_conf"])
    model = ESPnetTTSModel(extract, pitch, energy, None, None, None, tts)
    model.load_state_dict(torch.load(FOLDER / "model.pth", weights_only=True))  # strict
    arrays = {name: dict(np.load(FOLDER / f"{name}.npz")) for name in ("input", "output", "train_grads")}
    batch = {name: torch.from_numpy(value) for name, value in arrays["input"].items()}
    for name in ("pitch", "energy"):  # those of the reference's tracker
        batch[name] = torch.from_numpy(arrays["output"][name])
        batch[f"{name}_lengths"] = torch.from_numpy(arrays["output"][f"{name}_lengths"])
    return model, batch, arrays["output"], arrays["train_grads"]


@needs_shared
@torch.no_grad()
def test_losses(case):
    model, batch, output, _ = case
    loss, stats, weight = model.eval()(**batch)
    np.testing.assert_allclose(loss.item(), output["loss"][0], rtol=1e-5)
    assert set(stats) == {name[5:] for name in output if name.startswith("stat_")}
    for name, value in stats.items():
        np.testing.assert_allclose(value.item(), output[f"stat_{name}"][0], rtol=1e-5, err_msg=name)
    assert weight == output["weight"][0]


@needs_shared
def test_gradients(case):
    model, batch, _, grads = case
    state = {name: value.clone() for name, value in model.state_dict().items()}
    model.train().zero_grad()
    loss = model(**batch)[0]
    loss.backward()
    model.load_state_dict(state)  # the running means of the normalisation
    np.testing.assert_allclose(loss.item(), grads["loss"].item(), rtol=1e-5)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, grads[name], atol=2e-5, rtol=1e-4, err_msg=name)


@needs_shared
@torch.no_grad()
def test_synthesis(case):
    model, batch, output, _ = case
    synthesised = model.eval().inference(batch["text"][0], use_teacher_forcing=False, alpha=1.0)
    for name in ("feat_gen", "pitch", "energy"):
        np.testing.assert_allclose(synthesised[name], output[f"inference_{name}"], atol=1e-5, err_msg=name)
    np.testing.assert_array_equal(synthesised["duration"], output["inference_duration"])

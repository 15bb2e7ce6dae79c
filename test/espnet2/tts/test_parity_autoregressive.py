"""Tacotron 2 and the Transformer against reference arrays: keys, losses, gradients, and what they synthesise."""

import numpy as np
import pytest
import torch
import yaml

from espnet2.tasks.tts import feats_extract_choices, tts_choices
from espnet2.tts.espnet_model import ESPnetTTSModel
from test.shared import SHARED, needs_shared

CASES = ["tts_tacotron2", "tts_transformer"]


@pytest.fixture(params=CASES)
def case(request):
    folder = SHARED / "parity" / request.param
    config = yaml.safe_load((folder / "config.yaml").read_text())
    extract = feats_extract_choices.build(config["feats_extract"], config["feats_extract_conf"])
    tts = tts_choices.build(
        config["tts"], config["tts_conf"], idim=len(config["token_list"]), odim=extract.output_size()
    )
    model = ESPnetTTSModel(extract, None, None, None, None, None, tts)
    model.load_state_dict(torch.load(folder / "model.pth", weights_only=True))
    batch = {name: torch.from_numpy(array) for name, array in np.load(folder / "input.npz").items()}
    return model, batch, np.load(folder / "output.npz"), np.load(folder / "train_grads.npz")


@needs_shared
@torch.no_grad()
def test_loss_and_statistics(case):
    model, batch, output, _ = case
    loss, stats, weight = model.eval()(**batch)
    np.testing.assert_allclose(loss.item(), output["loss"][0], rtol=1e-5)
    assert weight == output["weight"][0]
    expected = {name.removeprefix("stat_"): output[name][0] for name in output if name.startswith("stat_")}
    assert set(stats) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(float(stats[name]), value, rtol=1e-4, err_msg=name)


@needs_shared
def test_gradients(case):
    model, batch, _, grads = case
    loss = model.train()(**batch)[0]
    loss.backward()
    np.testing.assert_allclose(loss.item(), grads["loss"].item(), rtol=1e-5)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, grads[name], atol=1e-5, rtol=1e-4, err_msg=name)


@needs_shared
def test_inference(case):
    model, batch, output, _ = case
    found = model.eval().inference(batch["text"][0], threshold=0.5, minlenratio=1, maxlenratio=3)
    for name in ("feat_gen", "prob", "att_w"):
        np.testing.assert_allclose(found[name], output[f"inference_{name}"], atol=1e-5, err_msg=name)

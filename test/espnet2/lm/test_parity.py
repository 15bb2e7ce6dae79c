"""The language models against reference arrays: loss, gradients, and their steps as scorers."""
import numpy as np
import pytest
import torch
import yaml

from espnet2.lm.espnet_model import ESPnetLanguageModel
from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.lm.transformer_lm import TransformerLM
from test.shared import SHARED, needs_shared

CASES = {"lm_seq_rnn": SequentialRNNLM, "lm_transformer": TransformerLM}


@pytest.fixture(params=CASES)
def case(request):
    folder = SHARED / "parity" / request.param
    conf = yaml.safe_load((folder / "config.yaml").read_text())["lm_conf"]
    model = ESPnetLanguageModel(CASES[request.param](19, **conf), 19)
    model.load_state_dict(torch.load(folder / "model.pth", weights_only=True))
    arrays = {name: np.load(folder / f"{name}.npz") for name in ("input", "output", "train_grads")}
    batch = {name: torch.from_numpy(arrays["input"][name]) for name in ("text", "text_lengths")}
    return model, batch, arrays["output"], arrays["train_grads"]


@needs_shared
def test_loss_and_logits(case):
    model, batch, output, _ = case
    loss, stats, weight = model.eval()(**batch)
    np.testing.assert_allclose(loss.item(), output["loss"][0], rtol=1e-5)
    assert stats["loss"] == loss
    assert weight == output["weight"][0]
    nll, lengths = model.nll(**batch)
    np.testing.assert_allclose(nll.detach(), output["nll"], atol=1e-5)
    np.testing.assert_array_equal(lengths, output["nll_lengths"])
    logits = model.lm(batch["text"], None)[0].detach()
    np.testing.assert_allclose(logits, output["lm_forward_logits"], atol=1e-5)


@needs_shared
def test_gradients(case):
    model, batch, _, grads = case
    if any(isinstance(m, torch.nn.Dropout) and m.p for m in model.modules()):
        pytest.skip("the reference has dropout here, whose random numbers depend on the processor")
    loss = model.train()(**batch)[0]
    loss.backward()
    np.testing.assert_allclose(loss.item(), grads["loss"].item(), rtol=1e-5)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, grads[name], atol=1e-5, rtol=1e-4, err_msg=name)


@needs_shared
@torch.no_grad()
def test_steps_of_one_hypothesis(case):
    model, batch, output, _ = case
    lm = model.lm.eval()
    text = batch["text"]
    state = lm.start(torch.zeros(1, 1, 1), torch.ones(1))
    for step, expected in enumerate(output["score_steps"]):
        score, state = lm.score(text[None, :1, : step + 1], state)
        np.testing.assert_allclose(score[0, 0], expected, atol=1e-5)
        state = lm.select(state, torch.zeros(1, 1, dtype=torch.long), text[:1, step + 1 : step + 2])


@needs_shared
@torch.no_grad()
def test_steps_of_two_utterances(case):
    model, batch, output, _ = case
    lm = model.lm.eval()
    text = batch["text"].unsqueeze(1)  # (2, 1, L)
    state = lm.start(torch.zeros(2, 1, 1), torch.ones(2))
    for step, expected in enumerate(output["batch_score_steps"]):
        score, state = lm.score(text[:, :, : step + 1], state)
        np.testing.assert_allclose(score[:, 0], expected, atol=1e-5)
        state = lm.select(state, torch.zeros(2, 1, dtype=torch.long), text[:, :, step + 1])

"""One label for a whole utterance, and its loss in the recogniser."""

import math

import numpy as np
import pytest
import torch

from espnet2.asr.decoder.linear_decoder import LinearDecoder
from espnet2.config.yaml import dump_yaml
from espnet2.inference.speech2text import Speech2Text
from espnet2.tasks.asr import ASRTask
from espnet2.utils.errors import InputError

V, D = 7, 5  # classes are the ids 2 to 5
TOKENS = ["<blank>", "<unk>", "yes", "no", "up", "down", "<sos/eos>"]


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.randn(2, 6, D), torch.tensor([6, 4])


@pytest.mark.parametrize("pooling", ["mean", "max", "CLS"])
def test_pooling_by_hand_and_padding_counts_for_nothing(batch, pooling):
    decoder = LinearDecoder(V, D, pooling)
    hs_pad, hlens = batch
    assert decoder.linear_out.weight.shape == (V - 3, D)
    logits = decoder(hs_pad, hlens)
    assert logits.shape == (2, V - 3)
    frames = hs_pad[1, :4]
    pooled = {"mean": frames.mean(0), "max": frames.max(0).values, "CLS": frames[0]}[pooling]
    assert torch.allclose(logits[1], decoder.linear_out(pooled), atol=1e-6)
    assert torch.allclose(decoder(frames[None], torch.tensor([4]))[0], logits[1], atol=1e-6)


def test_the_loss_is_the_cross_entropy_of_shifted_labels(batch):
    decoder = LinearDecoder(V, D)
    text = torch.tensor([[2], [5]])
    loss, best = decoder.loss(*batch, text, torch.tensor([1, 1]))
    logits = decoder(*batch).tolist()
    by_hand = [math.log(sum(map(math.exp, row))) - row[label] for row, label in zip(logits, (0, 3))]
    assert loss.item() == pytest.approx(sum(by_hand) / 2, rel=1e-5)
    assert best[:, 0].tolist() == [2 + row.index(max(row)) for row in logits]


def write_config(path, **changes):
    config = {
        "token_list": TOKENS,
        "token_type": "word",
        "frontend_conf": {"n_mels": 20, "hop_length": 160},
        "encoder": "transformer",
        "encoder_conf": {"output_size": 8, "attention_heads": 2, "linear_units": 8, "num_blocks": 1},
        "decoder": "linear_decoder",
        "model_conf": {"ctc_weight": 0.0},
    }
    dump_yaml(config | changes, path / "config.yaml")
    return path / "config.yaml"


def test_the_recogniser_learns_classes(tmp_path):
    torch.manual_seed(0)
    model, _ = ASRTask.build_model_from_file(write_config(tmp_path))
    assert not any(key.startswith("ctc") for key in model.state_dict())
    speech, lengths = torch.randn(2, 8000), torch.tensor([8000, 6000])
    text, text_lengths = torch.tensor([[3], [5]]), torch.tensor([1, 1])
    loss, stats, weight = model(speech, lengths, text, text_lengths)
    assert set(stats) == {"loss", "loss_att", "acc"} and weight == 2
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.eval()
    encoded = model.encode(speech, lengths)
    loss, stats, _ = model(speech, lengths, text, text_lengths)
    assert loss.item() == pytest.approx(model.decoder.loss(*encoded, text, text_lengths)[0].item(), rel=1e-6)
    wrong = float((model.decoder(*encoded).argmax(-1) + 2 != text[:, 0]).float().mean())
    assert stats["acc"] == 1 - wrong and stats["wer"] == wrong


def test_refusals(batch, tmp_path):
    with pytest.raises(InputError, match="pooling must be one of mean, max, CLS, not sum"):
        LinearDecoder(V, D, "sum")
    with pytest.raises(InputError, match="no class in a vocabulary of 3"):
        LinearDecoder(3, D)
    decoder = LinearDecoder(V, D)
    with pytest.raises(InputError, match=r"one token per text; this batch has texts of \[1, 2\]"):
        decoder.loss(*batch, torch.tensor([[2, -1], [3, 3]]), torch.tensor([1, 2]))
    for label in (1, 6):
        with pytest.raises(InputError, match="knows the tokens 2 to 5"):
            decoder.loss(*batch, torch.tensor([[2], [label]]), torch.tensor([1, 1]))
    with pytest.raises(InputError, match="with linear_decoder ctc_weight must be 0.0"):
        ASRTask.build_model_from_file(write_config(tmp_path, model_conf={"ctc_weight": 0.3}))


def test_inference_refuses_it(tmp_path):
    model, _ = ASRTask.build_model_from_file(write_config(tmp_path))
    torch.save(model.state_dict(), tmp_path / "latest.pth")
    with pytest.raises(InputError, match="LinearDecoder"):
        Speech2Text.from_pretrained(tmp_path, ctc_weight=0.0)(np.zeros(8000, np.float32))

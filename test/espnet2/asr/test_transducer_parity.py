"""A whole transducer against ESPnet 202511: the arrays of ../shared/parity/asr_transducer."""

import json
from types import SimpleNamespace

import pytest
import torch

from espnet2.inference.transducer_search import build_transducer_search
from test.espnet2.asr import parity
from test.espnet2.asr.test_parity import (  # noqa: F401  (run here with the fixture below)
    test_features,
    test_gradients_of_training,
    test_keys_and_shapes,
    test_loss_and_statistics,
)
from test.shared import SHARED, needs_shared

CASE = "asr_transducer"

pytestmark = needs_shared


@pytest.fixture
def case(tmp_path_factory) -> SimpleNamespace:
    found = parity.load(CASE, tmp_path_factory.getbasetemp())
    found.name = CASE
    return found


@torch.no_grad()
def test_encoder_ctc_decoder_and_joint_network(case):
    model, expected = case.model, case.expected
    encoded, lengths, _ = model.encoder(expected["feats_norm"], expected["feats_norm_lengths"])
    assert torch.allclose(encoded, expected["encoder_out"], atol=1e-5)
    assert torch.equal(lengths, expected["encoder_out_lens"])
    assert torch.allclose(model.ctc.log_softmax(encoded), expected["ctc_log_softmax"], atol=1e-5)
    decoded = model.decoder(expected["decoder_in"])
    assert torch.allclose(decoded, expected["decoder_out"], atol=1e-5)
    joined = model.joint_network(encoded[:, :, None], decoded[:, None])
    assert torch.allclose(joined, expected["joint_out"], atol=1e-5)


@torch.no_grad()
def test_likelihoods_of_transcripts(case):
    """Their mean is the loss."""
    encoded, lengths = case.model.encode(case.batch["speech"], case.batch["speech_lengths"])
    nll = case.model.nll(encoded, lengths, case.batch["text"], case.batch["text_lengths"])
    assert nll.mean().item() == pytest.approx(case.expected["stat_loss_transducer"].item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["default", "alsd", "nsc", "tsd", "maes"])
@torch.no_grad()
def test_nbest(case, kind):
    """The reference gives one result of each search but alsd, whatever nbest says: it is asked for by another option."""
    model = case.model
    reference = json.loads((SHARED / "parity" / CASE / "nbest.json").read_text())[f"transducer_{kind}"]
    search = build_transducer_search(model, None, model.token_list, 4, 0.0, 4, {"search_type": kind})
    rows = [model.encode(speech, torch.tensor([speech.size(1)]))[0][0] for speech in
            (case.batch["speech"][:1], case.batch["speech"][1:, :15360])]
    together = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    found = search(together, torch.tensor([len(row) for row in rows]))
    for hypotheses, expected in zip(found, (reference["utt0"], reference["utt1"])):
        assert len(hypotheses) >= len(expected)
        for hypothesis, wanted in zip(hypotheses, expected):
            assert hypothesis.yseq.tolist() == wanted["yseq"]
            assert hypothesis.score == pytest.approx(wanted["score"], abs=1e-4)

"""Whole recognisers against ESPnet 202511: the arrays of ../shared/parity (its README says how they were made)."""

from types import SimpleNamespace

import pytest
import torch

from espnet2.asr.labels import add_sos_eos
from test.espnet2.asr import parity
from test.shared import needs_shared

CASES = (
    "asr_branchformer",
    "asr_cb_conformer",
    "asr_cb_conformer_1block",
    "asr_cb_transformer",
    "asr_cb_transformer_1block",
    "asr_conformer",
    "asr_conformer_specaug_gmvn",
    "asr_e_branchformer",
    "asr_rnn_rnn",
    "asr_transformer",
    "asr_vggrnn_rnn",
)
# Spectra of nearly silent bands differ by rounding between processors, and their logarithms more so.
FEATURE_TOLERANCE = 5e-5
# Of a gradient's largest value; where an utterance is 5 s long, not 1 s, more roundings add up (in float64 alike).
GRADIENT_TOLERANCE = {"asr_cb_conformer": 1e-4, "asr_cb_transformer": 1e-4}

pytestmark = needs_shared


@pytest.fixture(params=CASES)
def case(request, tmp_path_factory) -> SimpleNamespace:
    found = parity.load(request.param, tmp_path_factory.getbasetemp())
    found.name = request.param
    return found


@torch.no_grad()
def test_keys_and_shapes(case):
    ours = {key: value.shape for key, value in case.model.state_dict().items()}
    assert ours == {key: value.shape for key, value in parity.state_dict(case.name).items()}


@torch.no_grad()
def test_features(case):
    feats, lengths = case.model._extract_feats(case.batch["speech"], case.batch["speech_lengths"])
    assert torch.equal(lengths, case.expected["feats_lengths"])
    assert torch.allclose(feats, case.expected["feats"], atol=FEATURE_TOLERANCE)
    normed, _ = case.model.normalize(case.expected["feats"], lengths)
    assert torch.allclose(normed, case.expected["feats_norm"], atol=1e-5)


@torch.no_grad()
def test_encoder_ctc_and_decoder(case):
    lengths = case.expected["encoder_out_lens"]
    encoded, encoded_lengths, _ = case.model.encoder(case.expected["feats_norm"], case.expected["feats_norm_lengths"])
    assert torch.equal(encoded_lengths, lengths)
    assert torch.allclose(encoded, case.expected["encoder_out"], atol=1e-5)
    assert torch.allclose(
        case.model.encode(case.batch["speech"], case.batch["speech_lengths"])[0], encoded, atol=FEATURE_TOLERANCE
    )
    assert torch.allclose(case.model.ctc.log_softmax(encoded), case.expected["ctc_log_softmax"], atol=1e-5)
    text, text_lengths = case.batch["text"], case.batch["text_lengths"]
    assert torch.allclose(case.model.ctc(encoded, lengths, text, text_lengths), case.expected["ctc_loss"], rtol=1e-5)
    ys_in, _ = add_sos_eos(text, text_lengths, case.model.sos, case.model.eos, -1)
    assert torch.equal(ys_in, case.expected["decoder_in"])
    logits, _ = case.model.decoder(encoded, lengths, ys_in, text_lengths + 1)
    assert torch.allclose(logits, case.expected["decoder_logits"], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in CASES if "_cb_" in name])
def test_stream_in_one_piece(name, tmp_path_factory):
    case = parity.load(name, tmp_path_factory.getbasetemp())
    length = case.expected["feats_norm_lengths"][0]
    encoded, _ = case.model.encoder.stream([case.expected["feats_norm"][0, :length]], [None], [True])
    assert torch.allclose(encoded[0], case.expected["encoder_out_infer_mode_whole"][0], atol=1e-5)


@torch.no_grad()
def test_loss_and_statistics(case):
    loss, stats, weight = case.model(**case.batch)
    assert loss.item() == pytest.approx(case.expected["loss"].item(), rel=1e-5)
    assert weight.item() == case.expected["weight"].item()
    expected = {key[5:]: value.item() for key, value in case.expected.items() if key.startswith("stat_")}
    assert {key: float(value) for key, value in stats.items()} == pytest.approx(expected, rel=1e-5)


def test_gradients_of_training(case):
    """BatchNorm uses the batch here, so the bias of the convolution before it has no gradient but rounding."""
    expected = parity.arrays(case.name, "train_grads.npz")
    specaug, case.model.specaug = case.model.specaug, None
    buffers = {name: value.clone() for name, value in case.model.named_buffers()}
    case.model.train().zero_grad()
    try:
        loss, _, _ = case.model(**case.batch)
        loss.backward()
        assert loss.item() == pytest.approx(expected.pop("loss").item(), rel=1e-5)
        grads = {name: value.grad for name, value in case.model.named_parameters()}
        assert set(grads) == set(expected)
        for name, grad in grads.items():
            scale = max(expected[name].abs().max().item(), 1.0)
            tolerance = GRADIENT_TOLERANCE.get(case.name, 1e-5)
            assert torch.allclose(grad, expected[name], atol=tolerance * scale), name
    finally:
        case.model.eval().specaug = specaug
        case.model.load_state_dict(buffers, strict=False)


def test_specaug_draws_the_same_masks(tmp_path_factory):
    case = parity.load("asr_conformer_specaug_gmvn", tmp_path_factory.getbasetemp())
    torch.manual_seed(0)
    masked, _ = case.model.specaug(case.expected["feats"], case.expected["feats_lengths"])
    assert torch.equal(masked, case.expected["specaug_seed0"])

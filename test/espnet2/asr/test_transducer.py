"""A recogniser that is a transducer: losses, statistics, options."""

import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.asr.decoder.transducer_decoder import TransducerDecoder
from espnet2.asr.encoder.conformer_encoder import ConformerEncoder
from espnet2.asr.error_calculator import ErrorCalculator
from espnet2.asr.espnet_model import ESPnetASRModel
from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.asr.joint_network import JointNetwork
from espnet2.asr.transducer import transducer_error_rates
from espnet2.layers.utterance_mvn import UtteranceMVN
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.search import TransducerSearch
from test.espnet2.search.transducer import tiny

TOKENS = ["<blank>", "<unk>", "<space>", "a", "b", "c", "<sos/eos>"]
V, D, H = len(TOKENS), 8, 6


def build(encoder_options=None, **options):
    torch.manual_seed(0)
    encoder = ConformerEncoder(
        20,
        output_size=D,
        attention_heads=2,
        linear_units=16,
        num_blocks=2,
        cnn_module_kernel=3,
        rel_pos_type="latest",
        dropout_rate=0.0,
        positional_dropout_rate=0.0,
        **(encoder_options or {}),
    )
    return ESPnetASRModel(
        vocab_size=V,
        token_list=TOKENS,
        frontend=DefaultFrontend(n_mels=20, hop_length=160),
        specaug=None,
        normalize=UtteranceMVN(),
        preencoder=None,
        encoder=encoder,
        postencoder=None,
        decoder=TransducerDecoder(V, hidden_size=H),
        ctc=CTC(V, D),
        joint_network=JointNetwork(V, D, H, 7),
        **options,
    )


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {
        "speech": torch.randn(2, 8000),
        "speech_lengths": torch.tensor([8000, 6400]),
        "text": torch.tensor([[3, 4, 2, 5], [5, 3, -1, -1]]),
        "text_lengths": torch.tensor([4, 2]),
    }


def test_the_loss_is_the_transducers_and_a_share_of_ctcs(batch):
    model = build(ctc_weight=0.3).eval()
    loss, stats, weight = model(**batch)
    expected = stats["loss_transducer"] + 0.3 * stats["loss_ctc"]
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert weight.item() == 2
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_intermediate_ctc_counts_as_ctc(batch):
    options = {"encoder_options": {"interctc_layer_idx": [1]}, "interctc_weight": 0.4, "ctc_weight": 0.5}
    loss, stats, _ = build(**options).eval()(**batch)
    ctc = 0.6 * stats["loss_ctc"] + 0.4 * stats["loss_interctc_layer1"]
    assert loss.item() == pytest.approx((stats["loss_transducer"] + 0.5 * ctc).item(), rel=1e-5)


def test_statistics(batch):
    """With the transducer's error rates there is none of CTC, as in other releases."""
    assert set(build()(**batch)[1]) == {"loss", "loss_ctc", "loss_transducer"}
    rates = {"cer_transducer", "wer_transducer"}
    assert set(build().eval()(**batch)[1]) == {"loss", "loss_ctc", "loss_transducer", *rates}
    silent = build(report_cer=False, report_wer=False).eval()(**batch)[1]
    assert set(silent) == {"loss", "loss_ctc", "loss_transducer", "cer_ctc"}
    no_words = build(report_wer=False).eval()(**batch)[1]
    assert no_words["cer_transducer"] >= 0 and no_words["wer_transducer"] is None


def test_ctc_is_dropped_at_weight_0_and_the_decoder_never(batch):
    without = build(ctc_weight=0.0)
    assert without.ctc is None and set(without.eval()(**batch)[1]) >= {"loss", "loss_transducer", "cer_transducer"}
    assert build(ctc_weight=1.0).decoder is not None


def test_padding_changes_nothing(batch):
    model = build().eval()
    expected = model(**batch)[0]
    batch["text"] = torch.tensor([[3, 4, 2, 5, 6], [5, 3, 1, 6, 3]])
    batch["speech"] = torch.nn.functional.pad(batch["speech"], (0, 500), value=1.0)
    assert torch.allclose(model(**batch)[0], expected)


@torch.no_grad()
def test_likelihoods_are_those_of_utterances_alone(batch):
    model = build().eval()
    encoded, lengths = model.encode(batch["speech"], batch["speech_lengths"])
    together = model.nll(encoded, lengths, batch["text"], batch["text_lengths"])
    alone = model.nll(encoded[1:, : lengths[1]], lengths[1:], batch["text"][1:, :2], torch.tensor([2]))
    assert together[1].item() == pytest.approx(alone.item(), rel=1e-5)


@torch.no_grad()
def test_error_rates_are_of_the_best_transcripts():
    network, encoded, lengths = tiny.network(V, seed=6), tiny.speech(20, 2), torch.tensor([20, 14])
    found = TransducerSearch(network, 2, TransducerOptions(score_norm=False))(encoded, lengths)
    transcripts = [torch.tensor(nbest[0].tokens) for nbest in found]
    text_lengths = torch.tensor([len(transcript) for transcript in transcripts])
    assert text_lengths.min() > 0
    text = torch.nn.utils.rnn.pad_sequence(transcripts, batch_first=True, padding_value=-1)
    calculator = ErrorCalculator(TOKENS, "<space>", "<blank>")
    assert transducer_error_rates(calculator, network, encoded, lengths, text, text_lengths) == (0.0, 0.0)
    assert transducer_error_rates(calculator, network, encoded, lengths, text.flip(0), text_lengths) == (12 / 7, 1.0)

"""The recogniser's losses, statistics and options."""

import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.asr.encoder.conformer_encoder import ConformerEncoder
from espnet2.asr.espnet_model import ESPnetASRModel
from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.asr.specaug.specaug import SpecAug
from espnet2.layers.utterance_mvn import UtteranceMVN
from espnet2.utils.errors import InputError

TOKENS = ["<blank>", "<unk>", "<space>", "a", "b", "c", "<sos/eos>"]
V, D = len(TOKENS), 8


def build(decoder=True, encoder_options=None, **options):
    torch.manual_seed(0)
    encoder = ConformerEncoder(
        20,
        output_size=D,
        attention_heads=2,
        linear_units=16,
        num_blocks=3,
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
        specaug=SpecAug(time_mask_width_range=5),
        normalize=UtteranceMVN(),
        preencoder=None,
        encoder=encoder,
        postencoder=None,
        decoder=TransformerDecoder(V, D, 2, 16, 1, 0.0, 0.0) if decoder else None,
        ctc=CTC(V, D),
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
        "utt_id": ["a", "b"],
    }


def test_the_hybrid_loss_is_the_weighted_sum(batch):
    model = build(ctc_weight=0.3, lsm_weight=0.1).eval()
    loss, stats, weight = model(**batch)
    assert loss.item() == pytest.approx(0.3 * stats["loss_ctc"].item() + 0.7 * stats["loss_att"].item(), rel=1e-5)
    assert weight.item() == 2
    assert set(stats) == {"loss", "loss_ctc", "cer_ctc", "loss_att", "acc", "cer", "wer"}
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_error_rates_are_for_evaluation_and_as_asked(batch):
    assert set(build()(**batch)[1]) == {"loss", "loss_ctc", "loss_att", "acc"}
    stats = build(report_cer=False, report_wer=False).eval()(**batch)[1]
    assert not {"cer", "wer"} & set(stats)


def test_whatever_stands_in_the_padding_counts_for_nothing(batch):
    model = build().eval()
    expected = model(**batch)[0]
    batch["text"] = torch.tensor([[3, 4, 2, 5, 0], [5, 3, 1, 6, 3]])
    batch["speech"] = torch.nn.functional.pad(batch["speech"], (0, 500), value=1.0)
    assert torch.allclose(model(**batch)[0], expected)


def test_ctc_alone_has_no_decoder_and_attention_alone_no_ctc(batch):
    ctc_only = build(ctc_weight=1.0)
    assert ctc_only.decoder is None and not any(key.startswith("decoder") for key in ctc_only.state_dict())
    loss, stats, _ = ctc_only(**batch)
    assert loss.item() == pytest.approx(stats["loss_ctc"].item()) and "loss_att" not in stats
    attention_only = build(ctc_weight=0.0)
    assert attention_only.ctc is None and not any(key.startswith("ctc") for key in attention_only.state_dict())
    loss, stats, _ = attention_only(**batch)
    assert loss.item() == pytest.approx(stats["loss_att"].item()) and "loss_ctc" not in stats


def test_intermediate_losses_share_the_ctc_head(batch):
    model = build(encoder_options={"interctc_layer_idx": [1, 2]}, interctc_weight=0.5, ctc_weight=1.0).eval()
    loss, stats, _ = model(**batch)
    between = (stats["loss_interctc_layer1"] + stats["loss_interctc_layer2"]) / 2
    assert loss.item() == pytest.approx((0.5 * stats["loss_ctc"] + 0.5 * between).item(), rel=1e-5)
    assert {"cer_interctc_layer1", "cer_interctc_layer2"} <= set(stats)


def test_an_intermediate_layer_may_have_a_target_of_its_own(batch):
    options = {"encoder_options": {"interctc_layer_idx": [1, 2]}, "interctc_weight": 0.5}
    plain = build(**options).eval()(**batch)[1]
    batch.update(phones=torch.tensor([[3, 3, 3], [4, 0, 0]]), phones_lengths=torch.tensor([3, 1]))
    aux = build(aux_ctc={"2": "phones"}, **options).eval()(**batch)[1]
    assert aux["loss_interctc_layer1"] == plain["loss_interctc_layer1"]
    assert aux["loss_interctc_layer2"] != plain["loss_interctc_layer2"]


def test_conditioning_has_a_layer_with_the_keys_of_checkpoints(batch):
    options = {"interctc_layer_idx": [1], "interctc_use_conditioning": True}
    model = build(encoder_options=options, interctc_weight=0.3)
    assert model.state_dict()["encoder.conditioning_layer.weight"].shape == (D, V)
    model(**batch)[0].backward()
    assert model.encoder.conditioning_layer.weight.grad.abs().max() > 0


def test_a_language_label_comes_first(batch):
    model = build(lang_token_id=1).eval()
    ys_in, ys_out, lengths = model._decoder_labels(batch["text"], batch["text_lengths"])
    assert ys_in.tolist() == [[6, 1, 3, 4, 2, 5], [6, 1, 5, 3, 6, 6]]
    assert ys_out.tolist() == [[1, 3, 4, 2, 5, 6], [1, 5, 3, 6, -1, -1]]
    assert lengths.tolist() == [6, 4]
    assert model(**batch)[0].isfinite()


def test_likelihoods_of_transcripts(batch):
    model = build(lsm_weight=0.0, ctc_weight=0.0).eval()
    encoded, lengths = model.encode(batch["speech"], batch["speech_lengths"])
    nll = model.nll(encoded, lengths, batch["text"], batch["text_lengths"])
    assert nll.shape == (2,)
    assert nll.sum().item() / 2 == pytest.approx(model(**batch)[0].item(), rel=1e-5)


def test_collected_features_are_neither_augmented_nor_normalised(batch):
    model = build()
    feats = model.collect_feats(**batch)
    expected, lengths = model.frontend(batch["speech"], batch["speech_lengths"])
    assert torch.equal(feats["feats"], expected) and torch.equal(feats["feats_lengths"], lengths)
    lengths_only = build(extract_feats_in_collect_stats=False).collect_feats(**batch)
    assert torch.equal(lengths_only["feats_lengths"], batch["speech_lengths"])


def test_symbols():
    model = build()
    assert (model.blank_id, model.sos, model.eos) == (0, 6, 6)
    assert build(sym_sos="<s>", sym_eos="a").sos == V - 1 and build(sym_eos="a").eos == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transducer_multi_blank_durations": [2]}, "multi-blank transducers are not supported"),
        ({"ctc_weight": 1.2}, "between 0 and 1"),
        ({"interctc_weight": 1.0}, "at least 0 and below 1"),
        ({"decoder": False}, "without a decoder ctc_weight must be 1.0"),
        ({"interctc_weight": 0.5}, "needs interctc_layer_idx"),
        ({"ctc_weight": 0.0, "encoder_options": {"ctc_trim": True}}, "needs a ctc_weight above 0"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)

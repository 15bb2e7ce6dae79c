"""The Mask-CTC recogniser: its loss by hand, its hidden labels, and that it learns."""

import pytest
import torch
import torch.nn.functional as F

from espnet2.asr.ctc import CTC
from espnet2.asr.decoder.mlm_decoder import MLMDecoder
from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.asr.encoder.transformer_encoder import TransformerEncoder
from espnet2.asr.labels import mask_labels
from espnet2.asr.maskctc_model import MaskCTCModel
from espnet2.utils.errors import InputError

TOKENS = ["<blank>", "<unk>", "<space>", "a", "b", "c", "<sos/eos>"]
V, D = len(TOKENS), 8


def build(decoder=MLMDecoder, encoder_options=None, **options):
    torch.manual_seed(0)
    encoder = TransformerEncoder(20, D, 2, 16, 2, 0.0, 0.0, input_layer="conv2d", **(encoder_options or {}))
    return MaskCTCModel(
        V, TOKENS, None, None, None, None, encoder, None, decoder(V, D, 2, 16, 1, 0.0, 0.0), CTC(V, D), **options
    )


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {
        "speech": torch.randn(2, 60, 20),
        "speech_lengths": torch.tensor([60, 48]),
        "text": torch.tensor([[3, 4, 2, 5], [5, 3, -1, -1]]),
        "text_lengths": torch.tensor([4, 2]),
    }


def test_the_loss_is_the_weighted_sum_and_counts_hidden_labels_only(batch):
    model = build(ctc_weight=0.3).eval()
    loss, stats, weight = model(**batch)
    assert set(stats) == {"loss", "loss_ctc", "cer_ctc", "loss_mlm", "acc_mlm"}
    assert loss.item() == pytest.approx(0.3 * stats["loss_ctc"].item() + 0.7 * stats["loss_mlm"].item(), rel=1e-5)
    assert weight.item() == 2
    ys_in, ys_out = mask_labels(
        batch["text"], batch["text_lengths"], V, V - 1, -1, torch.Generator().manual_seed(0)
    )
    encoded, lengths = model.encode(batch["speech"], batch["speech_lengths"])
    logits, _ = model.decoder(encoded, lengths, ys_in, batch["text_lengths"])
    by_hand = F.cross_entropy(logits.transpose(1, 2), ys_out, ignore_index=-1, reduction="sum") / 2
    assert stats["loss_mlm"].item() == pytest.approx(by_hand.item(), rel=1e-5)
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_hidden_labels_change_in_training_only(batch):
    model = build(ctc_weight=0.0)
    assert len({model(**batch)[0].item() for _ in range(8)}) > 1
    model.eval()
    assert len({model(**batch)[0].item() for _ in range(3)}) == 1


def test_how_many_labels_are_hidden_is_drawn_evenly_from_one_to_all():
    text, lengths = torch.arange(1, 5).repeat(4000, 1), torch.full((4000,), 4)
    text[:2000, 3:], lengths[:2000] = -1, 3
    torch.manual_seed(0)
    ys_in, ys_out = mask_labels(text, lengths, 9, 6, -1)
    is_hidden = ys_in == 9
    assert torch.equal(is_hidden, ys_out != -1)
    assert torch.equal(torch.where(is_hidden, ys_out, ys_in)[2000:], text[2000:])
    assert (ys_in[:2000, 3] == 6).all()
    for rows, length in ((is_hidden[:2000], 3), (is_hidden[2000:], 4)):
        counts = torch.bincount(rows.sum(1), minlength=length + 1)
        assert counts[0] == 0 and len(counts) == length + 1
        torch.testing.assert_close(counts[1:] / 2000, torch.full((length,), 1 / length), atol=0.04, rtol=0)
        torch.testing.assert_close(
            rows[:, :length].float().mean(0), torch.full((length,), (length + 1) / 2 / length), atol=0.04, rtol=0
        )


def test_training_lowers_the_loss(batch):
    model = build(ctc_weight=0.3).train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def step():
        optimizer.zero_grad()
        loss, stats, _ = model(**batch)
        loss.backward()
        optimizer.step()
        return stats

    first = step()
    for _ in range(30):
        last = step()
    assert last["loss"] < 0.5 * first["loss"]
    assert last["loss_mlm"] < first["loss_mlm"]


def test_the_mask_is_the_token_after_the_vocabulary():
    model = build(sym_mask="<hidden>")
    assert model.mask_token == V and model.token_list == [*TOKENS, "<hidden>"]
    assert (model.sos, model.eos, model.blank_id) == (V - 1, V - 1, 0)
    assert len(TOKENS) == V  # the caller's own list is left alone
    assert model.ctc.ctc_lo.out_features == V


def test_label_smoothing_counts_the_mask_and_padding_counts_for_nothing(batch):
    model = build(lsm_weight=0.1, interctc_weight=0.5, encoder_options={"interctc_layer_idx": [1]}).eval()
    stats = model(**batch)[1]
    assert {"loss_interctc_layer1", "cer_interctc_layer1"} <= set(stats)
    batch["speech"] = F.pad(batch["speech"], (0, 0, 0, 9), value=1.0)
    batch["text"] = torch.tensor([[3, 4, 2, 5], [5, 3, 6, 2]])
    assert model(**batch)[0].item() == pytest.approx(stats["loss"].item(), rel=1e-5)


def test_refusals():
    with pytest.raises(InputError, match="needs decoder: mlm, not a TransformerDecoder"):
        build(decoder=TransformerDecoder)
    with pytest.raises(InputError, match="between 0 and 1"):
        build(ctc_weight=1.5)

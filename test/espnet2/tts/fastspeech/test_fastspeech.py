"""FastSpeech: losses by hand, synthesis in a batch as alone, refusals."""
import inspect

import pytest
import torch

from espnet2.config.registry import construct
from espnet2.tts.fastspeech.fastspeech import FastSpeech
from espnet2.utils.errors import InputError

SMALL = {
    "adim": 8, "aheads": 2, "elayers": 1, "eunits": 16, "dlayers": 1, "dunits": 16, "postnet_layers": 2, "postnet_chans": 6,
    "duration_predictor_chans": 6, "positionwise_conv_kernel_size": 3,
}  # fmt: skip


def model(**options):
    torch.manual_seed(0)
    return FastSpeech(9, 5, **{**SMALL, **options})


def batch(reduction_factor=1):
    torch.manual_seed(1)
    text, text_lengths = torch.randint(1, 8, (2, 4)), torch.tensor([4, 2])
    durations = torch.tensor([[2, 1, 0, 3, 1], [1, 2, 2, 0, 0]])
    feats_lengths = durations.sum(1) * reduction_factor + reduction_factor - 1
    return {
        "text": text.masked_fill(torch.arange(4) >= text_lengths[:, None], 0),
        "text_lengths": text_lengths,
        "feats": torch.randn(2, int(feats_lengths.max()), 5),
        "feats_lengths": feats_lengths,
        "durations": durations,
        "durations_lengths": text_lengths + 1,
    }


@pytest.mark.parametrize("reduction_factor", [1, 2])
@pytest.mark.parametrize("kind", ["transformer", "conformer"])
def test_step(kind, reduction_factor):
    network = model(encoder_type=kind, decoder_type=kind, reduction_factor=reduction_factor)
    loss, stats, weight = network(**batch(reduction_factor))
    loss.backward()
    assert weight == 2 and all(parameter.grad is not None for parameter in network.parameters())
    torch.testing.assert_close(stats["loss"], stats["l1_loss"] + stats["duration_loss"])
    assert ("encoder_alpha" in stats) == (kind == "transformer")


def test_masked_loss_of_a_batch_is_that_of_its_rows():
    network = model(use_weighted_masking=True, postnet_layers=0, positionwise_layer_type="linear").eval()
    data = batch()
    together = network(**data)[1]["l1_loss"]
    alone = []
    for row in range(2):
        own = {name: value[row : row + 1] for name, value in data.items()}
        own = {name: value[:, : int(own[f"{name}_lengths"])] if f"{name}_lengths" in own else value for name, value in own.items()}
        alone.append(network(**own)[1]["l1_loss"])
    torch.testing.assert_close(together, torch.stack(alone).mean())


def test_masking_excludes_weighted_masking():
    with pytest.raises(InputError, match="use_masking"):
        model(use_masking=True, use_weighted_masking=True)


@pytest.mark.parametrize("options", [
    {},
    {"reduction_factor": 2, "decoder_type": "conformer"},
    {"encoder_type": "conformer", "conformer_rel_pos_type": "latest", "decoder_type": "conformer"},
    {"spks": 3, "spk_embed_dim": 4, "spk_embed_integration_type": "concat", "use_gst": True, "gst_conv_layers": 1,
     "gst_conv_chans_list": (2,), "gst_gru_units": 4, "gst_heads": 2},
])  # fmt: skip
@torch.no_grad()
def test_a_batch_gives_what_its_rows_give(options):
    network = model(**options).eval()
    network.duration_predictor.linear.bias.fill_(1.0)
    text, lengths = torch.randint(1, 8, (3, 6)), torch.tensor([6, 2, 4])
    given = {"sids": torch.tensor([[1], [2], [0]]), "spembs": torch.randn(3, 4), "feats": torch.randn(3, 8, 5)}
    given = given if options.get("spks") else {}
    feats_lengths = {"feats_lengths": torch.tensor([8, 5, 3])} if given else {}
    together = network.inference_batch(text, lengths, alpha=1.5, **given, **feats_lengths)
    for row, length in enumerate(lengths):
        own = {name: value[row] for name, value in given.items()}
        if "feats" in own:
            own["feats"] = own["feats"][: feats_lengths["feats_lengths"][row]]
        alone = network.inference(text[row, :length], alpha=1.5, **own)
        assert len(alone["feat_gen"]) == alone["duration"].sum() * options.get("reduction_factor", 1)
        torch.testing.assert_close(together[row], alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_teacher_forcing_and_tempo():
    network, text, durations = model().eval(), torch.tensor([1, 2, 3]), torch.tensor([2, 0, 3, 1])
    forced = network.inference(text, durations=durations, use_teacher_forcing=True)
    assert forced["feat_gen"].shape == (6, 5) and forced["duration"].equal(durations)
    assert len(network.inference(text, durations=durations, use_teacher_forcing=True, alpha=2.0)["feat_gen"]) == 12
    predicted = network.inference(text, durations=durations)  # not asked for
    assert not predicted["duration"].equal(durations)


def test_teacher_forced_synthesis_is_what_training_compares():
    network, data = model(use_masking=True).eval(), batch()
    own = {name: value[:1] for name, value in data.items()}
    forced = network.inference(own["text"][0], durations=own["durations"][0], use_teacher_forcing=True)["feat_gen"]
    tokens = torch.cat([own["text"], torch.tensor([[8]])], 1)
    before, after = network._decode(network.encoder(tokens, torch.tensor([5])), own["durations"])
    torch.testing.assert_close(forced, after[0])
    expected = (before - own["feats"]).abs().mean() + (after - own["feats"]).abs().mean()
    torch.testing.assert_close(network(**own)[1]["l1_loss"], expected.detach())


def test_missing_durations():
    data = batch()
    del data["durations"], data["durations_lengths"]
    with pytest.raises(InputError, match="FastSpeech needs durations.*learn_alignment"):
        model()(**data)
    with pytest.raises(InputError, match="needs durations"):
        model().inference(torch.tensor([1]), use_teacher_forcing=True)


def test_durations_that_do_not_sum_to_the_frames():
    data = batch()
    data["durations"][1, 0] += 1
    with pytest.raises(InputError, match="utterance 2 of the batch .*sum to 6 frames.*have 5"):
        model()(**data)


def test_durations_of_other_tokens():
    data = batch()
    data["durations_lengths"] = torch.tensor([5, 2])
    with pytest.raises(InputError, match="Utterance 2 .* 2 durations for 3 tokens"):
        model()(**data)


def test_options_are_known_by_their_names():
    assert inspect.signature(FastSpeech).parameters["aheads"].default == 4
    assert isinstance(construct(FastSpeech, SMALL, "tts_conf", idim=9, odim=5), FastSpeech)
    with pytest.raises(InputError, match="tts_conf.*'ahead'.*aheads"):
        construct(FastSpeech, {"ahead": 1}, "tts_conf", idim=9, odim=5)
    with pytest.raises(InputError, match="encoder_type"):
        model(encoder_type="rnn")

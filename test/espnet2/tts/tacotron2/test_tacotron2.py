"""Tacotron 2 as a whole; its numbers are compared in test_parity_autoregressive."""

import inspect

import pytest
import torch

from espnet2.tasks.tts import tts_choices
from espnet2.train.plot_attention import attention_weights
from espnet2.tts.tacotron2.tacotron2 import Tacotron2
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.espnet2.tts.networks import CONDITIONS, EVERYTHING, IDIM, ODIM, batch, random_statistics, row_of
from test.shared import needs_shared

SIZES = {
    "embed_dim": 4,
    "eunits": 4,
    "econv_layers": 1,
    "econv_chans": 4,
    "adim": 4,
    "aconv_chans": 2,
    "aconv_filts": 3,
}
SIZES |= {"dunits": 6, "prenet_units": 3, "postnet_layers": 2, "postnet_chans": 4}


def build(**options):
    torch.manual_seed(0)
    conf = {**SIZES, "dropout_rate": 0.0, **options}
    return random_statistics(tts_choices.build("tacotron2", conf, idim=IDIM, odim=ODIM)).eval()


@needs_shared
def test_keys():
    own = own_keys(build(**EVERYTHING))
    assert own == listed_keys("taco", "tts.")


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, EVERYTHING, {"reduction_factor": 3}, {"atype": "forward"}])
def test_equal_lengths_do_not_mix(options):
    tts, values = build(**options), {**batch(), **CONDITIONS}
    whole = tts(**values)[1]
    rows = [tts(**row_of(values, row))[1] for row in range(2)]
    for name, value in whole.items():
        torch.testing.assert_close(value, (rows[0][name] + rows[1][name]) / 2, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_more_padding_changes_nothing():
    tts, values = build(), batch((4, 3), (12, 9))
    expected = tts(**values)[0]
    values["text"] = torch.nn.functional.pad(values["text"], (0, 2))
    values["feats"] = torch.nn.functional.pad(values["feats"], (0, 0, 0, 3))
    torch.testing.assert_close(tts(**values)[0], expected)


@torch.no_grad()
def test_convolutions_see_the_padding():
    """So the reference arrays say: a row of a batch is not what it is alone, by a little."""
    tts, values = build(econv_layers=2), batch((4, 2), (12, 6))
    together = tts.enc.encode(values["text"], values["text_lengths"])[1, :2]
    alone = tts.enc.encode(values["text"][1:, :2], values["text_lengths"][1:])[0]
    assert 1e-6 < (together - alone).abs().max() < 1.0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reduction_factor": 3},
        {"cumulate_att_w": False},
        {"atype": "forward"},
        {"prenet_layers": 0, "use_concate": False, "zoneout_rate": 0.0, "elayers": 0},
        {"use_weighted_masking": True, "use_masking": False, "loss_type": "L1", "output_activation": "sigmoid"},
        EVERYTHING,
        EVERYTHING | {"spk_embed_integration_type": "add"},
    ],
)
def test_training(options):
    tts = build(**options).train()
    loss, stats, weight = tts(**batch((4, 3), (12, 10)), **CONDITIONS)
    loss.backward()
    assert set(stats) == {"l1_loss", "mse_loss", "bce_loss", "attn_loss", "loss"} and weight == 2
    for name, parameter in tts.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert not stats["loss"].requires_grad


@pytest.mark.parametrize("options", [{}, {"reduction_factor": 3}, {"cumulate_att_w": False, "zoneout_rate": 0.0}])
def test_writing_equals_teacher_forcing_with_what_was_written(options):
    tts, text = build(postnet_layers=0, **options), batch()["text"][0]
    free = tts.inference(text, threshold=2.0, maxlenratio=3.0)
    num_steps = 15 // tts.reduction_factor
    assert (
        free["feat_gen"].shape == (15, ODIM) and free["prob"].shape == (15,) and free["att_w"].shape == (num_steps, 5)
    )
    forced = tts.inference(text, feats=free["feat_gen"], use_teacher_forcing=True)
    for name in ("feat_gen", "prob", "att_w"):
        torch.testing.assert_close(forced[name], free[name], atol=1e-5, rtol=1e-5)


def test_teacher_forcing_is_the_forward_pass():
    tts, values = build(use_guided_attn_loss=False, loss_type="L1", postnet_layers=0), batch()
    values = row_of(values, 0)
    found = tts.inference(values["text"][0], feats=values["feats"][0], use_teacher_forcing=True)
    l1 = 2 * (found["feat_gen"] - values["feats"][0]).abs().mean()
    torch.testing.assert_close(tts(**values)[1]["l1_loss"], l1)


def test_several_frames_of_a_step():
    """The output layer's units are D times R, the frames of the step innermost."""
    tts = build(reduction_factor=2, postnet_layers=0)
    with torch.no_grad():
        tts.dec.feat_out.weight.zero_()
        tts.dec.feat_out.weight[3] = 1.0  # feature 1, frame 1
    frames = tts.inference(batch()["text"][0], threshold=2.0, maxlenratio=1.0)["feat_gen"]
    assert frames[1::2, 1].abs().min() > 0
    frames[1::2, 1] = 0
    assert not frames.any()


@pytest.mark.parametrize("atype", ["location", "forward"])
def test_attention_constraint(atype):
    tts, text = build(atype=atype), torch.randint(1, 9, (20,))
    options = {"threshold": 2.0, "maxlenratio": 2.0, "use_att_constraint": True}
    weights = tts.inference(text, **options, backward_window=1, forward_window=2)["att_w"]
    centre = 0
    for own in weights:
        assert all(centre - 1 <= token <= centre + 2 for token in own.nonzero().flatten().tolist())
        torch.testing.assert_close(own.sum(), torch.tensor(1.0))
        centre = int(own.argmax())
    assert (tts.inference(text, threshold=2.0, maxlenratio=2.0)["att_w"][0] > 0).sum() == 21


def test_conditions_matter():
    tts, values = build(**EVERYTHING), batch()
    given = {name: value[0] for name, value in CONDITIONS.items()}
    inputs = {"text": values["text"][0], "feats": values["feats"][0], "maxlenratio": 1.0, "threshold": 2.0}
    expected = tts.inference(**inputs, **given)["feat_gen"]
    for name, value in CONDITIONS.items():
        other = tts.inference(**inputs, **{**given, name: value[1]})["feat_gen"]
        assert (other - expected).abs().max() > 1e-6, name
    other = tts.inference(**{**inputs, "feats": values["feats"][1]}, **given)["feat_gen"]
    assert (other - expected).abs().max() > 1e-6


def test_guided_attention_is_added():
    values = batch()
    stats = build(guided_attn_loss_lambda=3.0)(**values)[1]
    once, without = build()(**values)[1], build(use_guided_attn_loss=False)(**values)[1]
    torch.testing.assert_close(stats["attn_loss"], 3 * once["attn_loss"])
    torch.testing.assert_close(stats["loss"], without["loss"] + stats["attn_loss"])
    assert "attn_loss" not in without


def test_attention_is_drawn():
    tts = build()
    weights = attention_weights(tts, batch((4, 3), (12, 9)))
    assert {name: own.shape for name, own in weights.items()} == {"dec.att": (2, 1, 12, 5)}


def test_signature_has_the_options():
    known = inspect.signature(Tacotron2).parameters
    assert known["spk_embed_integration_type"].default == "concat" and known["zoneout_rate"].default == 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"atype": "forward_ta"}, "forward_ta"),
        ({"output_activation": "softness"}, "output_activation 'softness'"),
        ({"use_weighted_masking": True}, "exclude one another"),
        ({"zone_rate": 0.1}, "no option 'zone_rate'"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)


def test_refusals_of_data():
    with pytest.raises(InputError, match="shorter than 3 frames"):
        build(reduction_factor=3)(**batch((4, 4), (12, 2)))
    with pytest.raises(InputError, match="use_teacher_forcing"):
        build().inference(torch.tensor([1]), use_teacher_forcing=True)
    with pytest.raises(InputError, match="needs sids"):
        build(spks=3).inference(torch.tensor([1]))

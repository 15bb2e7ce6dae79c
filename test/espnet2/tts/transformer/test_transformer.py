"""Transformer-TTS as a whole; its numbers are compared in test_parity_autoregressive."""

import inspect

import pytest
import torch

from espnet2.tasks.tts import tts_choices
from espnet2.train.plot_attention import attention_weights
from espnet2.tts.transformer.transformer import Transformer
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.espnet2.tts.networks import CONDITIONS, EVERYTHING, IDIM, ODIM, batch, random_statistics, row_of
from test.shared import needs_shared

SIZES = {"embed_dim": 4, "eprenet_conv_layers": 1, "eprenet_conv_chans": 4, "dprenet_units": 3, "adim": 4, "aheads": 2}
SIZES |= {"elayers": 1, "eunits": 6, "dlayers": 1, "dunits": 6, "postnet_layers": 1, "postnet_chans": 4}
RATES = [f"transformer_{part}_dropout_rate" for part in ("enc", "enc_attn", "enc_positional", "enc_dec_attn")]
RATES += [f"transformer_{part}_dropout_rate" for part in ("dec", "dec_attn", "dec_positional")]
RATES += [f"{part}_dropout_rate" for part in ("eprenet", "dprenet", "postnet")]


def build(**options):
    torch.manual_seed(0)
    conf = {**SIZES, **dict.fromkeys(RATES, 0.0), **options}
    return random_statistics(tts_choices.build("transformer", conf, idim=IDIM, odim=ODIM)).eval()


@needs_shared
def test_keys():
    """The list leaves the attentions out."""
    own = {name: shape for name, shape in own_keys(build()).items() if "attn" not in name}
    assert own == listed_keys("transf", "tts.")


def test_keys_of_other_input_layers():
    own = own_keys(build(eprenet_conv_layers=0, dprenet_layers=0, use_scaled_pos_enc=False))
    assert own["encoder.embed.0.weight"] == (IDIM, 4)
    assert own["decoder.embed.0.weight"] == (4, ODIM) and own["decoder.embed.1.weight"] == (4,)
    assert not any("alpha" in name for name in own)


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, EVERYTHING, {"reduction_factor": 3}, {"use_masking": True}])
def test_equal_lengths_do_not_mix(options):
    tts, values = build(**options), {**batch(), **CONDITIONS}
    whole = tts(**values)[1]
    rows = [tts(**row_of(values, row))[1] for row in range(2)]
    for name, value in whole.items():
        torch.testing.assert_close(value, (rows[0][name] + rows[1][name]) / 2, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_padding_does_not_count_without_convolutions():
    """Weighted masking counts utterances alike, so that the loss is the mean of theirs."""
    tts = build(eprenet_conv_layers=0, postnet_layers=0, use_weighted_masking=True, use_guided_attn_loss=False)
    values = batch((4, 2), (12, 7))
    short = {**row_of(values, 1), "text": values["text"][1:, :2], "feats": values["feats"][1:, :7]}
    expected = (tts(**row_of(values, 0))[0] + tts(**short)[0]) / 2
    torch.testing.assert_close(tts(**values)[0], expected)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reduction_factor": 3, "loss_type": "L1+L2"},
        {"eprenet_conv_layers": 0, "dprenet_layers": 0, "use_scaled_pos_enc": False, "postnet_layers": 0},
        {"encoder_normalize_before": False, "decoder_concat_after": True, "positionwise_layer_type": "conv1d-linear"},
        {"elayers": 3, "dlayers": 3, "num_heads_applied_guided_attn": 1, "init_type": "kaiming_uniform"},
        EVERYTHING,
        EVERYTHING | {"spk_embed_integration_type": "concat", "use_weighted_masking": True},
    ],
)
def test_training(options):
    tts = build(**options).train()
    loss, stats, weight = tts(**batch((4, 3), (12, 10)), **CONDITIONS)
    loss.backward()
    names = {"l1_loss", "l2_loss", "bce_loss", "enc_attn_loss", "dec_attn_loss", "enc_dec_attn_loss", "loss"}
    scales = {"encoder_alpha", "decoder_alpha"} if options.get("use_scaled_pos_enc", True) else set()
    assert set(stats) == names | scales and weight == 2
    for name, parameter in tts.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("options", [{}, {"reduction_factor": 3}, {"dprenet_layers": 0, "dlayers": 3}])
def test_writing_equals_teacher_forcing_with_what_was_written(options):
    tts, text = build(postnet_layers=0, **options), batch()["text"][0]
    free = tts.inference(text, threshold=2.0, maxlenratio=3.0)
    assert free["feat_gen"].shape == (15, ODIM) and free["prob"].shape == (15,)
    assert free["att_w"].shape == (options.get("dlayers", 1), 2, 15 // tts.reduction_factor, 5)
    forced = tts.inference(text, feats=free["feat_gen"], use_teacher_forcing=True)
    for name in ("feat_gen", "prob", "att_w"):
        torch.testing.assert_close(forced[name], free[name], atol=1e-5, rtol=1e-5)


def test_several_frames_of_a_step():
    """The output layer's units are R times D, the features innermost."""
    tts = build(reduction_factor=2, postnet_layers=0)
    with torch.no_grad():
        tts.feat_out.weight.zero_()
        tts.feat_out.bias.copy_(torch.arange(10.0))
    frames = tts.inference(batch()["text"][0], threshold=2.0, maxlenratio=1.0)["feat_gen"]
    assert frames[:2].flatten().tolist() == list(range(10)) and torch.equal(frames[2:4], frames[:2])


def test_conditions_matter():
    tts, values = build(**EVERYTHING), batch()
    given = {name: value[0] for name, value in CONDITIONS.items()}
    inputs = {"text": values["text"][0], "feats": values["feats"][0], "maxlenratio": 1.0, "threshold": 2.0}
    expected = tts.inference(**inputs, **given)["feat_gen"]
    for name, value in CONDITIONS.items():
        other = tts.inference(**inputs, **{**given, name: value[1]})["feat_gen"]
        assert (other - expected).abs().max() > 1e-6, name


def test_guided_attention_is_added():
    values = batch()
    stats = build(modules_applied_guided_attn=["encoder-decoder"])(**values)[1]
    without = build(use_guided_attn_loss=False)(**values)[1]
    torch.testing.assert_close(stats["loss"], without["loss"] + stats["enc_dec_attn_loss"])
    assert "enc_attn_loss" not in stats and "enc_dec_attn_loss" not in without


def test_attention_is_drawn():
    weights = attention_weights(build(), batch((4, 3), (12, 9)))
    assert {name: tuple(own.shape) for name, own in weights.items()} == {
        "encoder.encoders.0.self_attn": (2, 2, 5, 5),
        "decoder.decoders.0.self_attn": (2, 2, 12, 12),
        "decoder.decoders.0.src_attn": (2, 2, 12, 5),
    }


def test_initialisation():
    tts = build(init_enc_alpha=0.5, init_dec_alpha=2.0)
    assert tts.encoder.embed[-1].alpha == 0.5 and tts.decoder.embed[-1].alpha == 2.0
    assert not tts.feat_out.bias.any() and build(init_type="pytorch").feat_out.bias.any()
    known = inspect.signature(Transformer).parameters
    assert known["spk_embed_integration_type"].default == "add" and known["use_masking"].default is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init_type": "xavier"}, "unknown init 'xavier'"),
        ({"loss_type": "L4"}, "unknown loss_type 'L4'"),
        ({"aheads": 3}, "not a multiple"),
        ({"positionwise_layer_type": "conv2d"}, "positionwise_layer_type"),
        ({"num_heads_applied_guided_attn": 0}, "must be positive"),
        ({"elayer": 1}, "no option 'elayer'"),
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
    with pytest.raises(InputError, match="needs spembs"):
        build(spk_embed_dim=3).inference(torch.tensor([1]))

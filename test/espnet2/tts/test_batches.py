"""Networks that write frame after frame: an utterance of a batch comes out as it does alone, chance included."""

import pytest
import torch

from test.espnet2.tts.networks import CONDITIONS, EVERYTHING, batch
from test.espnet2.tts.tacotron2.test_tacotron2 import build as tacotron2
from test.espnet2.tts.transformer.test_transformer import build as transformer

LENGTHS = (9, 2, 6)
TACOTRON2 = [
    {},
    {"reduction_factor": 3, "dropout_rate": 0.5},
    {"atype": "forward", "dropout_rate": 0.5, "econv_layers": 3, "prenet_layers": 2},
    {"cumulate_att_w": False, "zoneout_rate": 0.0, "elayers": 0, "use_residual": True, "econv_layers": 2},
    {"prenet_layers": 0, "output_activation": "sigmoid"},
    EVERYTHING,
]
TRANSFORMER = [
    {},
    {"reduction_factor": 3, "dprenet_dropout_rate": 0.5, "eprenet_conv_layers": 3, "dlayers": 2},
    {"eprenet_conv_layers": 0, "dprenet_layers": 0, "use_scaled_pos_enc": False},
    {"positionwise_conv_kernel_size": 3, "postnet_layers": 3, "encoder_normalize_before": False, "dprenet_dropout_rate": 0.5},
    EVERYTHING,
]


def streams(number):
    return [torch.Generator().manual_seed(seed) for seed in range(number)]


def ending_by_chance(tts):
    """So that the utterances end at different steps, and some of them before their limit."""
    for name, layer in tts.named_modules():
        if name.endswith("prob_out"):
            torch.nn.init.normal_(layer.weight, 0.0, 2.0)
            torch.nn.init.constant_(layer.bias, -2.0)
    return tts


@pytest.mark.parametrize(
    ("build", "options"), [(tacotron2, own) for own in TACOTRON2] + [(transformer, own) for own in TRANSFORMER]
)
def test_together_as_alone(build, options):
    tts = ending_by_chance(build(**options))
    text = torch.randint(1, 9, (3, 9), generator=torch.Generator().manual_seed(2))
    given = {}
    if options.get("use_gst"):
        frames = {"feats": batch((4, 4), (12, 12))["feats"], "feats_lengths": torch.tensor([12, 7])}
        rows = torch.tensor([0, 1, 0])
        given = {name: value[rows] for name, value in {**CONDITIONS, **frames}.items()}
    conf = {"threshold": 0.4, "maxlenratio": 6.0, "minlenratio": 1.0}
    if build is tacotron2:
        conf |= {"use_att_constraint": options.get("reduction_factor") == 3, "forward_window": 2}
    together = tts.inference_batch(text, torch.tensor(LENGTHS), streams(3), **conf, **given)
    for row, (length, stream) in enumerate(zip(LENGTHS, streams(3))):
        own = {name: value[row] for name, value in given.items() if name != "feats_lengths"}
        if given:
            own["feats"] = own["feats"][: given["feats_lengths"][row]]
        alone = tts.inference(text[row, :length], generator=stream, **conf, **own)
        assert together[row].keys() == alone.keys() == {"feat_gen", "prob", "att_w"}
        for name, value in alone.items():
            torch.testing.assert_close(together[row][name], value, atol=1e-5, rtol=1e-5)
    assert len({len(own["prob"]) for own in together}) > 1


@pytest.mark.parametrize(("build", "rate"), [(tacotron2, "dropout_rate"), (transformer, "dprenet_dropout_rate")])
def test_chance_has_a_seed(build, rate):
    tts, text = build(**{rate: 0.5}), torch.tensor([3, 1, 4])
    conf = {"threshold": 2.0, "maxlenratio": 40.0}  # more steps than masks are drawn for at once
    one, again, other = (tts.inference(text, generator=torch.Generator().manual_seed(s), **conf) for s in (1, 1, 2))
    torch.testing.assert_close(one, again, atol=0, rtol=0)
    assert not torch.allclose(one["feat_gen"], other["feat_gen"])
    torch.manual_seed(5)
    free = tts.inference(text, **conf)["feat_gen"]
    torch.manual_seed(5)
    torch.testing.assert_close(tts.inference(text, **conf)["feat_gen"], free)

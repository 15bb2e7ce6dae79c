"""Outputs between the layers, conditioning on them, trimming, stochastic depth."""

import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.asr.encoder.conformer_encoder import ConformerEncoder
from espnet2.asr.encoder.layered_encoder import one_per_layer, trim_mask
from espnet2.layers.mask import make_attention_mask

V, D = 7, 16


def build(**options):
    torch.manual_seed(0)
    sizes = {"output_size": D, "attention_heads": 2, "linear_units": 24, "num_blocks": 3, "cnn_module_kernel": 3}
    return ConformerEncoder(20, input_layer="linear", interctc_layer_idx=[1, 2], **sizes, **options).eval()


def test_intermediate_outputs_are_normalised_and_come_beside_the_last():
    encoder = build()
    (ys, intermediate), olens, _ = encoder(torch.randn(2, 30, 20), torch.tensor([30, 20]))
    assert [number for number, _ in intermediate] == [1, 2]
    assert all(output.shape == ys.shape == (2, 30, D) for _, output in intermediate)
    assert intermediate[0][1].mean(-1).abs().max() < 1e-5


def test_conditioning_feeds_posteriors_to_the_next_layer():
    encoder, ctc = build(interctc_use_conditioning=True), CTC(V, D)
    encoder.conditioning_layer = torch.nn.Linear(V, D)
    batch = torch.randn(2, 30, 20), torch.tensor([30, 20])
    (ys, first), _, _ = encoder(*batch, ctc=ctc)
    with torch.no_grad():
        encoder.conditioning_layer.weight.zero_()
        encoder.conditioning_layer.bias.zero_()
    (without, second), _, _ = encoder(*batch, ctc=ctc)
    assert torch.equal(first[0][1], second[0][1])
    assert not torch.allclose(first[1][1], second[1][1]) and not torch.allclose(ys, without)


@pytest.mark.parametrize("rel_pos_type", ["latest", "legacy"])
def test_trimming_cuts_the_blank_end_of_the_longest(rel_pos_type):
    encoder, ctc = build(ctc_trim=True, rel_pos_type=rel_pos_type), CTC(V, D)
    with torch.no_grad():
        ctc.ctc_lo.weight.zero_()
        ctc.ctc_lo.bias.zero_()
        ctc.ctc_lo.bias[0] = 20.0
    (ys, _), olens, _ = encoder(torch.randn(2, 30, 20), torch.tensor([30, 3]), ctc=ctc)
    assert ys.shape == (2, 5, D) and olens.tolist() == [5, 3]


def test_the_last_frame_that_is_not_surely_blank_and_five_more_stay():
    posteriors = torch.zeros(2, 20, V)
    posteriors[..., 0] = 0.96
    posteriors[0, 9] = torch.tensor([0.94, 0.06, 0, 0, 0, 0, 0])
    posteriors[1, 17, 3] = 0.99
    mask = trim_mask(posteriors, make_attention_mask([20, 19]))
    assert mask.squeeze(1).sum(1).tolist() == [15, 19]


def test_one_value_or_one_for_each_layer():
    assert one_per_layer("stochastic_depth_rate", 1, 3) == [1.0, 1.0, 1.0]
    assert one_per_layer("stochastic_depth_rate", [0.0, 0.1], 2) == [0.0, 0.1]

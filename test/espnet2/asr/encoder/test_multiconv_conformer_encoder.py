"""Conformer encoder with several kernel sizes."""

import pytest
import torch

from espnet2.asr.encoder.multiconv_conformer_encoder import MultiConvConformerEncoder, parse_kernel_sizes
from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.initialize import initialize
from espnet2.layers.multi_kernel_convolution import FUSIONS
from espnet2.utils.errors import InputError

SMALL = {
    "output_size": 16,
    "attention_heads": 2,
    "linear_units": 24,
    "num_blocks": 2,
    "cgmlp_linear_units": 16,
    "rel_pos_type": "latest",
    "macaron_style": True,
}


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_type_runs_forward_and_back_and_a_row_equals_the_batch_of_one(fusion):
    encoder = MultiConvConformerEncoder(20, multicgmlp_type=fusion, multicgmlp_kernel_sizes="3,7", **SMALL).eval()
    xs = torch.randn(2, 40, 20)
    ys, olens, _ = encoder(xs, torch.tensor([40, 40]))
    assert ys.shape == (2, 9, 16) and olens.tolist() == [9, 9]
    assert torch.allclose(ys[1:], encoder(xs[1:], torch.tensor([40]))[0], atol=1e-5)
    ys.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.encoders.parameters())


def test_padding_changes_no_result_where_no_convolution_looks_beyond_the_end():
    """With kernels of one; wider ones see the padding, as in the other encoders."""
    encoder = MultiConvConformerEncoder(
        20, input_layer="linear", multicgmlp_kernel_sizes=[1, 1], multicgmlp_merge_conv_kernel=1, **SMALL
    ).eval()
    xs = torch.randn(2, 40, 20)
    together = encoder(xs, torch.tensor([40, 25]))[0][1:, :25]
    assert torch.allclose(together, encoder(xs[1:, :25], torch.tensor([25]))[0], atol=1e-5)


def test_the_gates_start_constant_whatever_init_says():
    encoder = MultiConvConformerEncoder(20, **SMALL)
    initialize(encoder, "xavier_uniform")
    gate = encoder.encoders[0].conv_module.csgu.conv(torch.randn(1, 8, 50))[..., 15:35]
    assert gate.std(-1).max() < 1e-4 and gate.min() > 0.5


def test_options_reach_the_convolutions():
    layer = MultiConvConformerEncoder(20, multicgmlp_use_non_linear=False, **SMALL).encoders[1]
    assert isinstance(layer.conv_module, ConvolutionalGatingMLP)
    assert [conv.kernel_size for conv in layer.conv_module.csgu.conv.convs] == [(7,), (15,), (23,), (31,)]
    assert isinstance(layer.conv_module.csgu.conv.activation, torch.nn.Identity)
    assert MultiConvConformerEncoder(20, use_cnn_module=False, **SMALL).encoders[0].conv_module is None


def test_kernel_sizes():
    assert parse_kernel_sizes("7,15") == parse_kernel_sizes([7, 15]) == [7, 15]
    assert parse_kernel_sizes(7) == [7]
    with pytest.raises(InputError, match="must be like 7,15,23,31, but it is 7;15"):
        parse_kernel_sizes("7;15")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"multicgmlp_type": "product"}, "unknown multicgmlp_type 'product'"),
        ({"cgmlp_linear_units": 12}, "must be a multiple of the number of multicgmlp_kernel_sizes, 4"),
        ({"multicgmlp_merge_conv_kernel": 4}, "multicgmlp_merge_conv_kernel must be odd"),
        ({"gate_activation": "sine"}, "sine is not known"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        MultiConvConformerEncoder(20, **{**SMALL, **options})

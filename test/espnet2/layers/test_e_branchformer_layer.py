"""An E-Branchformer layer."""

from functools import partial

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.cgmlp import ConvolutionalGatingMLP
from espnet2.layers.convolution import depthwise_conv
from espnet2.layers.e_branchformer_layer import EBranchformerLayer
from espnet2.layers.feed_forward import PositionwiseFeedForward
from espnet2.utils.errors import InputError


def build(ffn=True, macaron=True, merge_conv_kernel=3):
    torch.manual_seed(0)
    make_conv = partial(depthwise_conv, kernel_size=3, option="cgmlp_conv_kernel")
    layer = EBranchformerLayer(
        8,
        MultiHeadedAttention(2, 8, 0.0),
        ConvolutionalGatingMLP(8, 12, make_conv, 0.0),
        PositionwiseFeedForward(8, 16, 0.0) if ffn else None,
        PositionwiseFeedForward(8, 16, 0.0) if macaron else None,
        0.0,
        merge_conv_kernel,
    )
    return layer.eval()


@pytest.mark.parametrize(("ffn", "macaron", "scale"), [(True, True, 0.5), (True, False, 1.0), (False, False, 1.0)])
def test_equals_its_description(ffn, macaron, scale):
    layer = build(ffn, macaron)
    x = torch.randn(2, 5, 8)
    h = x + scale * layer.feed_forward_macaron(layer.norm_ff_macaron(x)) if macaron else x
    y = layer.norm_mha(h)
    both = torch.cat([layer.attn(y, y, y, None), layer.cgmlp(layer.norm_mlp(h))], -1)
    padded = torch.nn.functional.pad(both, (0, 0, 1, 1))
    taps = layer.depthwise_conv_fusion.weight[:, 0]  # (channels, taps)
    fused = sum(padded[:, tap : tap + 5] * taps[:, tap] for tap in range(3)) + layer.depthwise_conv_fusion.bias
    h = h + layer.merge_proj(both + fused)
    if ffn:
        h = h + scale * layer.feed_forward(layer.norm_ff(h))
    assert torch.allclose(layer(x, None), layer.norm_final(h), atol=1e-6)
    assert any("norm_ff" in name for name in layer.state_dict()) == ffn


def test_even_kernels_are_refused():
    with pytest.raises(InputError, match="merge_conv_kernel must be odd, but it is 4"):
        build(merge_conv_kernel=4)

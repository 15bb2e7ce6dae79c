"""Convolutions of several kernel sizes."""

import pytest
import torch

from espnet2.layers.multi_kernel_convolution import FUSIONS, MultiKernelConvolution
from espnet2.utils.errors import InputError

X = torch.randn(2, 8, 11, generator=torch.Generator().manual_seed(0))


def build(fusion, activation=None):
    torch.manual_seed(0)
    return MultiKernelConvolution(8, [3, 7], fusion, 5, activation)


def test_sum_is_one_depthwise_convolution_with_the_kernels_laid_over_each_other():
    module = build("sum")
    narrow, wide = module.convs
    kernel = wide.weight + torch.nn.functional.pad(narrow.weight, (2, 2))
    expected = torch.nn.functional.conv1d(X, kernel, narrow.bias + wide.bias, padding=3, groups=8)
    assert torch.allclose(module(X), expected, atol=1e-6)


def test_weighted_sum_weighs_each_frame():
    module = build("weighted_sum", torch.nn.SiLU())
    ys = [torch.nn.functional.silu(conv(X)) for conv in module.convs]
    for frame in range(X.size(2)):
        shares = module.weight_proj(torch.cat([y[..., frame] for y in ys], 1)).softmax(-1)
        expected = shares[:, :1] * ys[0][..., frame] + shares[:, 1:] * ys[1][..., frame]
        assert torch.allclose(module(X)[..., frame], expected, atol=1e-6)


def test_concatenation_shares_the_channels_out():
    module = build("concat")
    ys = module(X)
    assert ys.shape == X.shape
    assert torch.equal(ys[:, 4:], module.convs[1](X))
    fused = build("concat_fusion")
    joined = torch.cat([conv(X) for conv in fused.convs], 1)
    assert torch.allclose(fused(X), joined + fused.fusion_conv(joined), atol=1e-6)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_sees_half_of_the_widest_kernels(fusion):
    module = build(fusion)
    x = X.clone()
    x[..., 0] += 1.0
    reach = 6 if fusion == "concat_fusion" else 4
    changed = (module(x) - module(X)).abs().amax((0, 1)) > 1e-6
    assert changed.nonzero().flatten().tolist() == list(range(reach))


def test_refusals():
    with pytest.raises(InputError, match="unknown multicgmlp_type 'product'; choose from sum"):
        build("product")
    with pytest.raises(InputError, match="half of cgmlp_linear_units, 8, must be a multiple of the number of .*, 3"):
        MultiKernelConvolution(8, [3, 5, 7], "concat")
    with pytest.raises(InputError, match="each of multicgmlp_kernel_sizes must be odd, but it is 4"):
        MultiKernelConvolution(8, [3, 4], "sum")

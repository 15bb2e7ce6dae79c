"""The Conformer's convolution module."""

import pytest
import torch

from espnet2.layers.convolution import ConvolutionModule
from espnet2.utils.errors import InputError


def test_keeps_the_shape_and_sees_half_a_kernel_on_each_side():
    module = ConvolutionModule(8, 5, torch.nn.SiLU()).eval()
    x = torch.randn(2, 20, 8)
    y = module(x)
    assert y.shape == x.shape
    x[:, 10] += 1.0
    changed = (module(x) - y).abs().sum((0, 2)) > 0
    assert changed.nonzero().flatten().tolist() == [8, 9, 10, 11, 12]


def test_even_kernels_are_refused():
    with pytest.raises(InputError, match="must be odd, but it is 6"):
        ConvolutionModule(8, 6)

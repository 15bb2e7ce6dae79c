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


def test_a_causal_one_sees_no_later_frames_and_streams():
    module = ConvolutionModule(8, 5, torch.nn.SiLU(), causal=True).eval()
    x = torch.randn(2, 20, 8)
    y = module(x)
    changed = x.clone()
    changed[:, 10] += 1.0
    assert ((module(changed) - y).abs().sum((0, 2)) > 0).nonzero().flatten().tolist() == [10, 11, 12, 13, 14]
    kept = torch.zeros(2, 8, module.num_kept)
    parts = []
    for piece in x.split([1, 2, 10, 7], 1):
        part, kept = module.stream(piece, kept)
        parts.append(part)
    assert torch.allclose(torch.cat(parts, 1), y, atol=1e-6)


@pytest.mark.parametrize("causal", [False, True])
def test_masked_frames_are_zeros_as_beyond_the_ends(causal):
    module = ConvolutionModule(8, 5, causal=causal).eval()
    x = torch.randn(2, 20, 8)
    pad_mask = torch.zeros(2, 20, dtype=torch.bool)
    pad_mask[:, 13:] = True
    pad_mask[:, :2] = True
    assert torch.allclose(module(x, pad_mask)[:, 2:13], module(x[:, 2:13]), atol=1e-6)
    assert not torch.allclose(module(x)[:, 2:13], module(x[:, 2:13]), atol=1e-3)


def test_even_kernels_are_refused():
    with pytest.raises(InputError, match="must be odd, but it is 6"):
        ConvolutionModule(8, 6)

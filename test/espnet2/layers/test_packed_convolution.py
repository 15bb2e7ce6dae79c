"""Packed convolutions give what plain ones give, keep their state dict, and leave alone what must stay as it is."""

import pytest
import torch

from espnet2.layers.convolution import ConvolutionModule
from espnet2.layers.packed_convolution import PackedConvolution, PackedPointwise, is_available, pack_convolutions

pytestmark = pytest.mark.skipif(not is_available(), reason="this torch has no oneDNN kernel for packed weights")

CASES = {
    "depthwise": (torch.nn.Conv1d(8, 8, 15, padding=7, groups=8), (3, 8, 300), PackedConvolution),
    "one frame": (torch.nn.Conv1d(8, 8, 15, padding=7, groups=8), (1, 8, 1), PackedConvolution),
    "dilated": (torch.nn.Conv1d(8, 12, 5, stride=2, padding=3, dilation=2), (2, 8, 40), PackedConvolution),
    "pointwise": (torch.nn.Conv1d(8, 4, 1), (2, 8, 9), PackedPointwise),
    "no bias": (torch.nn.Conv1d(8, 4, 1, bias=False), (2, 8, 9), PackedPointwise),
    "two axes": (torch.nn.Conv2d(1, 8, 3, 2), (2, 1, 67, 80), PackedConvolution),
    "channels": (torch.nn.Conv2d(8, 8, (3, 5), (2, 1), bias=False), (2, 8, 33, 39), PackedConvolution),
}


@torch.no_grad()
@pytest.mark.parametrize("case", CASES)
def test_equals_the_plain_convolution(case):
    conv, shape, kind = CASES[case]
    model, x = torch.nn.Sequential(conv), torch.randn(shape)
    wanted, state = model(x), model.state_dict()
    assert pack_convolutions(model) == 1 and isinstance(model[0], kind)
    torch.testing.assert_close(model(x), wanted, rtol=0, atol=1e-5)
    packed_state = model.state_dict()
    assert set(packed_state) == set(state) and all(torch.equal(packed_state[name], state[name]) for name in state)
    model[0] = conv


def test_which_are_replaced():
    shared = torch.nn.Conv1d(4, 4, 3)
    model = torch.nn.ModuleDict(
        {
            "plain": torch.nn.Conv1d(4, 4, 3),
            "wide": torch.nn.Conv1d(4, 4, 3).double(),
            "same": torch.nn.Conv1d(4, 4, 3, padding="same"),
            "mirrored": torch.nn.Conv1d(4, 4, 3, padding=1, padding_mode="reflect"),
            "normed": torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(4, 4, 3)),
            "transposed": torch.nn.ConvTranspose1d(4, 4, 3),
            "tied": shared,
            "other": torch.nn.Conv1d(4, 4, 3),
        }
    )
    model["other"].weight = shared.weight
    assert pack_convolutions(model) == 1
    assert [name for name, part in model.items() if isinstance(part, PackedConvolution)] == ["plain"]


@torch.no_grad()
@pytest.mark.parametrize("causal", [False, True])
def test_the_conformers_module(causal):
    module = ConvolutionModule(8, 5, torch.nn.SiLU(), causal).eval()
    x, kept = torch.randn(2, 20, 8), torch.randn(2, 8, 4)
    wanted = [module(x), *(module.stream(x, kept) if causal else ())]
    assert pack_convolutions(module) == 3
    for found, own in zip([module(x), *(module.stream(x, kept) if causal else ())], wanted):
        torch.testing.assert_close(found, own, rtol=0, atol=1e-5)

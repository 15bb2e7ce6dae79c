"""A bottleneck behind a part: the identity at first, then the formula; the part's own keys stay."""

import copy

import torch

from espnet2.layers.houlsby import HoulsbyAdapter, attach_adapter


def test_adapter_is_the_formula():
    torch.manual_seed(0)
    adapter, x = HoulsbyAdapter(5, 2), torch.randn(3, 4, 5)
    assert torch.equal(adapter(x), x)
    torch.nn.init.normal_(adapter.up.weight)
    hidden = torch.nn.functional.gelu(x @ adapter.down.weight.T + adapter.down.bias)
    torch.testing.assert_close(adapter(x), x + hidden @ adapter.up.weight.T)


def test_attached_to_a_part():
    torch.manual_seed(0)
    part, x = torch.nn.Linear(5, 5).double(), torch.randn(2, 5).double()
    before = part(x)
    attach_adapter(part, 5, 3)
    assert torch.equal(part(x), before)
    names = {"weight", "bias", "adapter.down.weight", "adapter.down.bias", "adapter.up.weight", "adapter.up.bias"}
    assert set(part.state_dict()) == names
    torch.nn.init.normal_(part.adapter.up.weight)
    torch.testing.assert_close(part(x), part.adapter(before))
    torch.testing.assert_close(copy.deepcopy(part)(x), part(x))

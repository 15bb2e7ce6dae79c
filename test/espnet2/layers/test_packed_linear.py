"""Packed maps give what plain ones give, keep their state dict, and leave alone what must stay as it is."""

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.layers.packed_linear import PackedLinear, accelerate, call_directly, is_available, pack_linears

pytestmark = pytest.mark.skipif(not is_available(), reason="this torch has no oneDNN kernel for packed weights")


@torch.no_grad()
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1,), (3, 7), (2, 3, 1)])
def test_equals_the_plain_map(bias, shape):
    linear = torch.nn.Linear(256, 300, bias=bias)
    packed = PackedLinear(linear)
    x = torch.randn(*shape, 256)
    torch.testing.assert_close(packed(x), linear(x), rtol=0, atol=1e-5)
    assert packed(x[:0]).shape == (0, *shape[1:], 300)
    assert {k: v.shape for k, v in packed.state_dict().items()} == {k: v.shape for k, v in linear.state_dict().items()}
    assert torch.equal(packed.state_dict()["weight"], linear.weight)


def test_which_are_replaced():
    shared = torch.nn.Linear(256, 256)
    model = torch.nn.ModuleDict(
        {
            "large": torch.nn.Linear(256, 512),
            "small": torch.nn.Linear(8, 8),
            "wide": torch.nn.Linear(256, 512).double(),
            "tied": shared,
            "embedding": torch.nn.Embedding(256, 256),
        }
    )
    model["embedding"].weight = shared.weight
    assert pack_linears(model) == 1
    assert isinstance(model["large"], PackedLinear)
    assert all(type(model[name]) is torch.nn.Linear for name in ("small", "wide", "tied"))


@torch.no_grad()
def test_joined_projections():
    attention = MultiHeadedAttention(4, 256, 0.0).eval()
    x = torch.randn(3, 5, 256)
    expected = [attention.project_query(x), *attention.project_key_value(x, x)]
    attention.prepare_inference = attention.join_projections
    accelerate(attention)
    assert isinstance(attention.linear_qkv, PackedLinear)
    for own, wanted in zip(attention.project_self(x), expected):
        torch.testing.assert_close(own, wanted, rtol=0, atol=1e-5)


@torch.no_grad()
def test_direct_calls_change_nothing_but_hooks():
    attention, x = MultiHeadedAttention(4, 16, 0.0).eval(), torch.randn(2, 5, 16)
    expected, state = attention(x, x, x, None), attention.state_dict()
    calls: list[str] = []
    attention.linear_q.register_forward_hook(lambda *_: calls.append("before"))
    call_directly(attention)
    attention.linear_k.register_forward_hook(lambda *_: calls.append("after"))
    assert torch.equal(attention(x, x, x, None), expected)
    assert calls == ["before"]
    assert isinstance(attention, MultiHeadedAttention) and attention.state_dict().keys() == state.keys()

    for parameter in state.values():
        parameter.zero_()
    assert not attention(x, x, x, None).any()
    attention.linear_out = torch.nn.Identity()
    assert attention(x, x, x, None).shape == x.shape
    attention.load_state_dict({name: torch.ones_like(values) for name, values in attention.state_dict().items()})
    assert attention.double()(x.double(), x.double(), x.double(), None).dtype == torch.float64

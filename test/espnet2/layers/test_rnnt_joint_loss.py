"""The loss that computes the joint network itself, against the one that is given its output."""

import pytest
import torch

from espnet2.layers.rnnt_joint_loss import rnnt_joint_losses
from espnet2.layers.rnnt_loss import rnnt_loss

J, V = 6, 5
NUM_FRAMES, NUM_LABELS = torch.tensor([7, 4, 1]), torch.tensor([3, 2, 0])


@pytest.fixture
def parts():
    torch.manual_seed(0)
    frames, prefixes = torch.randn(3, 9, J, requires_grad=True), torch.randn(3, 5, J, requires_grad=True)
    targets = torch.randint(1, V, (3, 4)).masked_fill(torch.arange(4) >= NUM_LABELS[:, None], 0)
    return torch.nn.Linear(J, V), frames, prefixes, targets


def by_parts(linear, frames, prefixes, targets):
    def join(f, p):
        return linear(torch.tanh(f + p))

    return rnnt_joint_losses(frames, prefixes, join, linear.parameters(), targets, NUM_FRAMES, NUM_LABELS)


def whole(linear, frames, prefixes, targets):
    logits = linear(torch.tanh(frames[:, :, None] + prefixes[:, None]))
    return rnnt_loss(logits, targets, NUM_FRAMES, NUM_LABELS, reduction="none")


def test_values_and_gradients_agree(parts):
    linear, *inputs = parts
    weights = torch.tensor([1.0, -2.0, 0.5])
    leaves = (*inputs[:2], *linear.parameters())
    expected, found = whole(*parts), by_parts(*parts)
    assert torch.allclose(found, expected, rtol=1e-6)
    wanted = torch.autograd.grad(expected @ weights, leaves)
    for grad, other in zip(torch.autograd.grad(found @ weights, leaves), wanted):
        assert torch.allclose(grad, other, atol=1e-5)


def test_frozen_parameters_get_no_gradient(parts):
    linear = parts[0]
    linear.bias.requires_grad_(False)
    by_parts(*parts).sum().backward()
    assert linear.bias.grad is None and linear.weight.grad is not None


def test_no_gradient_is_needed(parts):
    with torch.no_grad():
        losses = by_parts(*parts)
    assert torch.allclose(losses, whole(*parts)) and not losses.requires_grad


def test_mixed_precision(parts):
    linear, *inputs = parts
    expected = by_parts(*parts)
    with torch.autocast("cpu", torch.bfloat16):
        losses = by_parts(*parts)
    assert losses.dtype == torch.float32 and torch.allclose(losses, expected, rtol=0.05)
    losses.sum().backward()
    assert linear.weight.grad.dtype == torch.float32 and inputs[0].grad.isfinite().all()

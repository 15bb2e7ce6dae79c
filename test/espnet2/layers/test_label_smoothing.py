"""Label smoothing."""

import pytest
import torch
import torch.nn.functional as F

from espnet2.layers.label_smoothing import LabelSmoothingLoss

B, L, V = 3, 4, 7


@pytest.fixture
def batch():
    torch.manual_seed(0)
    target = torch.randint(0, V, (B, L))
    target[1, 2:] = -1
    return torch.randn(B, L, V, requires_grad=True), target


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_the_divergence_from_the_smoothed_target(batch, smoothing):
    """KL(q || p) summed over labels and divided by B, with q = 1 - e on the label and e / (V - 1) elsewhere."""
    logits, target = batch
    keep = target != -1
    smoothed = torch.full((B, L, V), smoothing / (V - 1)).scatter(-1, target.clamp(min=0).unsqueeze(-1), 1 - smoothing)
    divergence = F.kl_div(logits.log_softmax(-1), smoothed, reduction="none").sum(-1)[keep].sum()
    loss = LabelSmoothingLoss(V, -1, smoothing)(logits, target)
    assert loss.item() == pytest.approx(divergence.item() / B, rel=1e-5)
    normalised = LabelSmoothingLoss(V, -1, smoothing, normalize_length=True)(logits, target)
    assert normalised.item() == pytest.approx(divergence.item() / keep.sum().item(), rel=1e-5)


def test_padding_has_no_gradient(batch):
    logits, target = batch
    LabelSmoothingLoss(V, -1, 0.1)(logits, target).backward()
    assert logits.grad[1, 2:].abs().max() == 0 and logits.grad[0].abs().min() > 0

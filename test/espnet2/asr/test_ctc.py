"""Connectionist temporal classification."""

import itertools
import math

import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.utils.errors import InputError

B, T, D, V = 3, 5, 6, 4


@pytest.fixture
def batch():
    torch.manual_seed(0)
    ys = torch.tensor([[1, 2], [3, -1], [1, 1]])
    return torch.randn(B, T, D, requires_grad=True), torch.tensor([5, 4, 2]), ys, torch.tensor([2, 1, 2])


def by_hand(log_probs, labels):
    """Graves et al., equation 3: the sum over all paths that collapse to the labels."""
    total = 0.0
    for path in itertools.product(range(V), repeat=len(log_probs)):
        if [label for label, _ in itertools.groupby(path) if label != 0] == labels:
            total += math.exp(sum(log_probs[t, label].item() for t, label in enumerate(path)))
    return -math.log(total) if total else math.inf


def test_the_loss_sums_all_paths_and_leaves_out_what_cannot_be_aligned(batch):
    """The third utterance has two equal labels in two frames: no path, so it counts as zero."""
    hs, hlens, ys, ylens = batch
    ctc = CTC(V, D)
    log_probs = ctc.log_softmax(hs)
    losses = [by_hand(log_probs[0], [1, 2]), by_hand(log_probs[1, :4], [3])]
    assert math.isinf(by_hand(log_probs[2, :2], [1, 1]))
    assert ctc(*batch).item() == pytest.approx(sum(losses) / B, rel=1e-5)
    ctc.ctc_type = "builtin2"
    assert ctc(*batch).item() == pytest.approx(sum(losses) / 2, rel=1e-5)
    ctc(*batch).backward()
    assert hs.grad.isfinite().all() and hs.grad[2].abs().max() == 0


def test_options_of_the_loss(batch):
    assert CTC(V, D, zero_infinity=False)(*batch).isinf()
    assert CTC(V, D, zero_infinity=False, ignore_nan_grad=True)(*batch).isfinite()
    ctc = CTC(V, D, reduce=False)
    assert ctc(*batch).shape == (B,)
    assert list(ctc.state_dict()) == ["ctc_lo.weight", "ctc_lo.bias"]


def test_dropout_is_for_training_only(batch):
    ctc = CTC(V, D, dropout_rate=0.5)
    assert ctc(*batch) != ctc(*batch)
    assert ctc.eval()(*batch) == ctc(*batch)


def test_posteriors(batch):
    ctc = CTC(V, D)
    assert torch.allclose(ctc.softmax(batch[0]).log(), ctc.log_softmax(batch[0]), atol=1e-6)
    assert torch.equal(ctc.argmax(batch[0]), ctc.logits(batch[0]).argmax(-1))


def test_forced_alignment_is_the_best_path(batch):
    ctc = CTC(V, D).eval()
    hs = batch[0][:1].detach()
    labels, scores = ctc.forced_align(hs, torch.tensor([T]), torch.tensor([[1, 2]]), torch.tensor([2]))
    log_probs = ctc.log_softmax(hs)[0]
    paths = [p for p in itertools.product(range(V), repeat=T) if [x for x, _ in itertools.groupby(p) if x] == [1, 2]]
    best = max(paths, key=lambda path: sum(log_probs[t, label].item() for t, label in enumerate(path)))
    assert labels[0].tolist() == list(best)
    assert scores.shape == (1, T)


def test_refusals(batch):
    with pytest.raises(InputError, match="gtnctc is not supported"):
        CTC(V, D, ctc_type="gtnctc")
    with pytest.raises(InputError, match="one utterance at a time"):
        CTC(V, D).forced_align(*batch)

"""The transducer's loss: against all alignments written out, torchaudio's kernel and its own numerical gradient."""

from itertools import combinations

import pytest
import torch

from espnet2.layers.rnnt_loss import rnnt_loss


def batch(num_frames=(7, 4, 5), num_labels=(3, 2, 0), vocab_size=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    size = len(num_frames), max(num_frames), max(num_labels) + 1, vocab_size
    logits = torch.randn(size, generator=generator)
    targets = torch.randint(1, vocab_size, (len(num_labels), max(num_labels)), generator=generator)
    return logits, targets, torch.tensor(num_frames), torch.tensor(num_labels)


def all_alignments(logits, targets):
    """-log P of one utterance, as the sum over all orders of its blanks and labels; the last step is a blank."""
    log_probs = logits.log_softmax(2)
    num_frames, num_labels = len(logits), len(targets)
    ways = []
    for places in combinations(range(num_frames - 1 + num_labels), num_labels):
        t = u = 0
        total = log_probs.new_zeros(())
        for step in range(num_frames + num_labels):
            if step in places:
                total, u = total + log_probs[t, u, targets[u]], u + 1
            else:
                total, t = total + log_probs[t, u, 0], t + 1
        ways.append(total)
    return -torch.logsumexp(torch.stack(ways), 0)


@pytest.mark.parametrize("implementation", ["torch", "torchaudio"])
def test_it_is_the_sum_over_all_alignments(implementation):
    logits, targets, num_frames, num_labels = batch()
    losses = rnnt_loss(logits, targets, num_frames, num_labels, reduction="none", implementation=implementation)
    expected = [all_alignments(x[:t, : u + 1], y[:u]) for x, y, t, u in zip(logits, targets, num_frames, num_labels)]
    assert torch.allclose(losses, torch.stack(expected), rtol=1e-5)


@pytest.mark.parametrize("sizes", [((7, 4, 5), (3, 2, 0)), ((1, 1), (2, 1)), ((30, 28), (11, 17))])
def test_both_implementations_agree(sizes):
    logits, *rest = batch(*sizes)
    found = []
    for implementation in ("torch", "torchaudio"):
        leaf = logits.clone().requires_grad_()
        loss = rnnt_loss(leaf, *rest, implementation=implementation)
        (2.0 * loss).backward()
        found.append((loss.item(), leaf.grad))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-5)


def test_the_gradient_is_the_numerical_one():
    logits, *rest = batch(num_frames=(3, 2), num_labels=(2, 1), vocab_size=4)
    leaf = logits.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: rnnt_loss(x, *rest, reduction="none"), leaf)


def test_what_stands_in_the_padding_counts_for_nothing():
    logits, targets, num_frames, num_labels = batch()
    expected = rnnt_loss(logits, targets, num_frames, num_labels, reduction="none")
    for row, (t, u) in enumerate(zip(num_frames, num_labels)):
        logits[row, t:] = 100.0
        logits[row, :, u + 1 :] = -100.0
        targets[row, u:] = -1
    wider = torch.nn.functional.pad(logits, (0, 0, 0, 2, 0, 3), value=7.0).requires_grad_()
    targets = torch.nn.functional.pad(targets, (0, 2), value=-1)
    losses = rnnt_loss(wider, targets, num_frames, num_labels, reduction="none")
    assert torch.allclose(losses, expected)
    losses.sum().backward()
    assert all((wider.grad[row, t:] == 0).all() for row, t in enumerate(num_frames))


def test_reductions_and_a_blank_elsewhere():
    logits, targets, *lengths = batch()
    losses = rnnt_loss(logits, targets, *lengths, reduction="none")
    assert rnnt_loss(logits, targets, *lengths).item() == pytest.approx(losses.mean().item())
    assert rnnt_loss(logits, targets, *lengths, reduction="sum").item() == pytest.approx(losses.sum().item())
    rolled = rnnt_loss(logits.roll(-1, 3), targets - 1, *lengths, blank=5, reduction="none")
    assert torch.allclose(rolled, losses)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    logits, *rest = batch()
    half = logits.to(dtype).requires_grad_()
    loss = rnnt_loss(half, *rest)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(rnnt_loss(logits.to(dtype).float(), *rest).item())
    loss.backward()
    assert half.grad.dtype == dtype


@pytest.mark.parametrize("option", [{"reduction": "median"}, {"implementation": "warp"}])
def test_unknown_options_are_refused(option):
    with pytest.raises(ValueError, match="must be"):
        rnnt_loss(*batch(), **option)

"""Learned alignment against independent formulas and brute force."""
from itertools import combinations
from math import comb, lgamma, log

import pytest
import torch

from espnet2.tts.parts.alignment import (
    LOG_BLANK,
    AlignmentModule,
    beta_binomial_prior,
    binarization_loss,
    forward_sum_loss,
    monotonic_alignment_search,
)
from espnet2.utils.errors import InputError


def log_beta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta_binomial(k, n, a, b):
    """Logarithm of the probability of k in n draws."""
    return log(comb(n, k)) + log_beta(k + a, n - k + b) - log_beta(a, b)


def test_prior_is_the_beta_binomial_distribution():
    prior = beta_binomial_prior(torch.tensor([7, 4]), torch.tensor([20, 9]))
    assert prior.shape == (2, 20, 7)
    for row, (num_tokens, num_frames) in enumerate([(7, 20), (4, 9)]):
        for t in range(1, num_frames + 1):
            expected = [beta_binomial(k, num_tokens - 1, t, num_frames - t + 1) for k in range(num_tokens)]
            expected = torch.tensor(expected, dtype=torch.float64)
            torch.testing.assert_close(prior[row, t - 1, :num_tokens].double(), expected, atol=1e-4, rtol=0)


def paths(num_frames, num_tokens):
    """All durations of at least one frame each."""
    for cuts in combinations(range(1, num_frames), num_tokens - 1):
        ends = [0, *cuts, num_frames]
        yield [after - before for before, after in zip(ends, ends[1:])]


def test_search_finds_the_best_of_all_paths():
    torch.manual_seed(0)
    lengths, text_lengths = torch.tensor([8, 5, 6]), torch.tensor([3, 5, 1])
    scores = torch.randn(3, 8, 5)
    durations = monotonic_alignment_search(scores, lengths, text_lengths)
    for row, (num_frames, num_tokens) in enumerate(zip(lengths.tolist(), text_lengths.tolist())):
        def total(path, row=row, num_frames=num_frames):
            tokens = torch.arange(len(path)).repeat_interleave(torch.tensor(path))
            return scores[row, torch.arange(num_frames), tokens].sum().item()

        assert durations[row, :num_tokens].tolist() == max(paths(num_frames, num_tokens), key=total)
        assert (durations[row, num_tokens:] == 0).all()


def test_search_refuses_fewer_frames_than_tokens():
    with pytest.raises(InputError, match="Utterance 2 .* 2 frames for 3 tokens"):
        monotonic_alignment_search(torch.zeros(2, 4, 3), torch.tensor([4, 2]), torch.tensor([3, 3]))


def test_forward_sum_is_the_sum_over_all_paths():
    torch.manual_seed(0)
    log_probs = torch.randn(1, 4, 2).log_softmax(-1)
    with_blank = torch.cat([torch.full((1, 4, 1), LOG_BLANK), log_probs], -1).log_softmax(-1)[0]
    labels = torch.cartesian_prod(*[torch.arange(3)] * 4)
    total = torch.tensor(-torch.inf)
    for path in labels:
        kept = torch.unique_consecutive(path)
        if kept[kept > 0].tolist() == [1, 2]:
            total = torch.logaddexp(total, with_blank[torch.arange(4), path].sum())
    loss = forward_sum_loss(log_probs, torch.tensor([2]), torch.tensor([4]))
    torch.testing.assert_close(loss, -total / 2)


def test_binarization_loss_is_the_mean_along_the_path():
    log_probs = torch.randn(2, 5, 3).log_softmax(-1)
    durations, lengths = torch.tensor([[2, 2, 1], [1, 2, 0]]), torch.tensor([5, 3])
    along = log_probs[0, range(5), [0, 0, 1, 1, 2]].sum() + log_probs[1, range(3), [0, 1, 1]].sum()
    torch.testing.assert_close(binarization_loss(log_probs, durations, lengths), -along / 8)


def test_padding_changes_nothing_and_gradients_are_finite():
    torch.manual_seed(0)
    module = AlignmentModule(4, 6)
    hs, feats = torch.randn(2, 5, 4, requires_grad=True), torch.randn(2, 9, 6)
    text_lengths, feats_lengths = torch.tensor([5, 3]), torch.tensor([9, 6])
    log_probs = module(hs, feats, text_lengths, feats_lengths)
    alone = module(hs[1:, :3], feats[1:, :6], text_lengths[1:], feats_lengths[1:])[0]
    torch.testing.assert_close(log_probs[1, :6, :3], alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(2, 9))
    forward_sum_loss(log_probs, text_lengths, feats_lengths).backward()
    assert hs.grad.isfinite().all() and hs.grad[0].abs().sum() > 0


@pytest.mark.slow
def test_learns_true_durations():
    torch.manual_seed(0)
    module = AlignmentModule(16, 8)
    sounds, symbols = torch.randn(6, 8), torch.randn(6, 16)
    optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
    for _ in range(60):
        tokens = torch.stack([torch.randperm(6) for _ in range(4)])
        durations = torch.randint(1, 9, (4, 6))
        lengths = durations.sum(1)
        frames = [sounds[own.repeat_interleave(number)] for own, number in zip(tokens, durations)]
        feats = torch.nn.utils.rnn.pad_sequence(frames, batch_first=True)
        log_probs = module(symbols[tokens], feats + 0.1 * torch.randn_like(feats), torch.full((4,), 6), lengths)
        found = monotonic_alignment_search(log_probs, lengths, torch.full((4,), 6))
        loss = forward_sum_loss(log_probs, torch.full((4,), 6), lengths) + binarization_loss(log_probs, found, lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (found - durations).abs().float().mean() < 0.4

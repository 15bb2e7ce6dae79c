"""Random numbers of each utterance."""

import torch

from espnet2.tts.parts.randomness import STEPS_AT_ONCE, StepDropout, new_generator, numbers_of, padded_normal


def streams(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_normal_numbers_do_not_depend_on_the_batch():
    like = torch.zeros(1, dtype=torch.float64)
    together = padded_normal(streams(1, 2), 3, [4, 6], like)
    assert together.shape == (2, 3, 6) and together.dtype == torch.float64 and not together[0, :, 4:].any()
    torch.testing.assert_close(together[:1, :, :4], padded_normal(streams(1), 3, [4], like))
    many = padded_normal(streams(3), 10, [10000], like)
    assert abs(many.mean()) < 0.02 and abs(many.std() - 1) < 0.02


def test_masks_of_steps():
    like, number = torch.zeros(1), 2 * STEPS_AT_ONCE
    alone = StepDropout(streams(2), 0.25, 2, 50, like)
    expected = torch.stack([alone.next() for _ in range(number)])  # (S, layers, 1, P)
    assert set(expected.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert abs(expected.mean() - 1) < 0.05
    together = StepDropout(streams(1, 2, 3), 0.25, 2, 50, like)
    for step in range(number):
        if step == 10:
            together.keep(torch.tensor([1, 2]))
        own = 1 if step < 10 else 0
        torch.testing.assert_close(together.next()[:, own : own + 1], expected[step])
    assert not StepDropout(streams(1), 1.0, 1, 4, like).next().any()


def test_torchs_own_numbers_go_on_as_if_nothing_was():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    with numbers_of(torch.Generator().manual_seed(1)):
        one = torch.rand(3)
    with numbers_of(torch.Generator().manual_seed(1)):
        torch.testing.assert_close(torch.rand(3), one)
    torch.testing.assert_close(torch.rand(2), expected)
    torch.manual_seed(0)
    with numbers_of(None):
        torch.testing.assert_close(torch.rand(2), expected)
    assert new_generator().initial_seed() != new_generator().initial_seed()

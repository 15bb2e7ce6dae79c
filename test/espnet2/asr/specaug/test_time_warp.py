"""Time warping."""

import torch

from espnet2.asr.specaug.time_warp import TimeWarp, time_warp


def test_a_ramp_bends_at_one_point_by_at_most_the_window():
    """Linear interpolation of a ramp is a ramp on both sides of the moved point."""
    torch.manual_seed(0)
    ramp = torch.arange(100.0).view(1, 100, 1).expand(1, 100, 3)
    for _ in range(20):
        warped = time_warp(ramp, window=5, mode="bilinear")
        assert warped.shape == ramp.shape
        assert (warped - ramp).abs().max() <= 6.0
        assert (warped.diff(dim=1) >= -1e-4).all()


def test_short_utterances_stay_as_they_are():
    x = torch.randn(2, 10, 3)
    assert torch.equal(time_warp(x, 5, "bicubic"), x)


def test_utterances_of_one_length_share_a_warp_and_others_keep_their_padding():
    warp = TimeWarp(5)
    x = torch.randn(1, 60, 4).expand(3, 60, 4)
    shared, _ = warp(x, torch.tensor([60, 60, 60]))
    assert torch.equal(shared[0], shared[1]) and torch.equal(shared[0], shared[2])
    apart, _ = warp(x, torch.tensor([60, 40, 20]))
    assert apart.shape == x.shape and apart[1, 40:].abs().max() == 0 and apart[2, 20:].abs().max() == 0
    assert apart[1, :40].abs().min() > 0
    cropped, _ = warp(x, torch.tensor([40, 40, 40]))
    assert torch.equal(cropped[0], cropped[1]) and cropped[:, 40:].abs().max() == 0

"""Masks along an axis."""

import pytest
import torch

from espnet2.asr.specaug.mask_along_axis import MaskAlongAxis, MaskAlongAxisVariableMaxWidth, mask_along_axis
from espnet2.utils.errors import InputError


@pytest.mark.parametrize("dim", [1, 2])
def test_one_mask_is_one_stretch_of_an_allowed_width(dim):
    torch.manual_seed(0)
    x = torch.ones(500, 30, 20)
    masked = mask_along_axis(x, (2, 6), dim, num_mask=1)
    zeros = (masked == 0).all(3 - dim)  # (B, D)
    assert ((masked == 0).sum((1, 2)) == zeros.sum(1) * x.size(3 - dim)).all()
    assert set(zeros.sum(1).tolist()) == {2, 3, 4, 5}
    assert (zeros.int().diff(dim=1) == 1).sum(1).max() <= 1


def test_the_mean_may_be_written_instead():
    x = torch.rand(4, 30, 20) + 1
    masked = mask_along_axis(x, (3, 4), 1, 1, replace_with_zero=False)
    changed = masked != x
    assert changed.any() and masked[changed].unique().tolist() == pytest.approx([x.mean().item()])


def test_an_axis_smaller_than_the_width_is_masked_from_its_start():
    masked = mask_along_axis(torch.ones(2, 3, 4), (10, 11), 1, 1)
    assert masked.abs().max() == 0


def test_shares_of_the_length():
    torch.manual_seed(0)
    layer = MaskAlongAxisVariableMaxWidth((0.1, 0.2), num_mask=1)
    zeros = (layer(torch.ones(300, 50, 4))[0][..., 0] == 0).sum(1)
    assert set(zeros.tolist()) == {5, 6, 7, 8, 9}
    short = torch.ones(2, 4, 4)
    assert layer(short)[0] is short


def test_refusals():
    assert MaskAlongAxis(7, dim="freq").mask_width_range == (0, 7)
    with pytest.raises(InputError, match="freq_mask_width_range"):
        MaskAlongAxis((5, 5), dim="freq")
    with pytest.raises(InputError, match="time_mask_width_ratio_range"):
        MaskAlongAxisVariableMaxWidth((0.2, 0.1))

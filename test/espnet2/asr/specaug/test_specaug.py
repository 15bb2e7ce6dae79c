"""SpecAugment as a whole."""

import pytest
import torch

from espnet2.asr.specaug.specaug import SpecAug
from espnet2.utils.errors import InputError


def test_all_steps_keep_the_shape_and_same_seed_same_features():
    specaug = SpecAug(time_mask_width_ratio_range=(0.0, 0.1), num_time_mask=5)
    x, lengths = torch.randn(3, 60, 40), torch.tensor([60, 50, 30])
    torch.manual_seed(1)
    first, olens = specaug(x, lengths)
    torch.manual_seed(1)
    assert first.shape == x.shape and torch.equal(olens, lengths)
    assert torch.equal(first, specaug(x, lengths)[0])
    assert not specaug.state_dict()


def test_the_input_stays_as_it_is():
    x = torch.randn(2, 60, 40)
    before = x.clone()
    SpecAug(time_mask_width_range=20)(x, torch.tensor([60, 50]))
    assert torch.equal(x, before)


@pytest.mark.parametrize(
    "options",
    [{}, {"time_mask_width_range": 5, "time_mask_width_ratio_range": 0.1}],
)
def test_exactly_one_range_of_time_masks(options):
    with pytest.raises(InputError, match="exactly one of time_mask_width_range and time_mask_width_ratio_range"):
        SpecAug(**options)
    assert len(SpecAug(apply_time_mask=False, **options).steps) == 2


def test_something_must_be_applied():
    with pytest.raises(InputError, match="at least one"):
        SpecAug(apply_time_warp=False, apply_freq_mask=False, apply_time_mask=False)

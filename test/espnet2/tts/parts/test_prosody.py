"""Factors of Hz and of energy."""
import math

import numpy as np
import pytest
import torch

from espnet2.layers.global_mvn import GlobalMVN
from espnet2.tts.parts.prosody import natural_scale
from espnet2.utils.errors import InputError


@pytest.fixture
def normalize(tmp_path):
    np.savez(tmp_path / "stats.npz", count=10, sum=np.array([50.0]), sum_square=np.array([290.0]))  # mean 5, deviation 2
    return GlobalMVN(tmp_path / "stats.npz")


def test_a_factor_of_logarithms_is_a_shift(normalize):
    values = torch.tensor([[0.5, -1.0]])
    scaled = natural_scale("pitch", 1.5, normalize, is_log=True)(values)
    torch.testing.assert_close(scaled, values + math.log(1.5) / 2.0)
    torch.testing.assert_close(natural_scale("pitch", 1.5, None, is_log=True)(values), values + math.log(1.5))


def test_a_factor_of_plain_values(normalize):
    values = torch.tensor([[0.5, -1.0]])  # 6 and 3
    torch.testing.assert_close(natural_scale("energy", 2.0, normalize, is_log=False)(values), torch.tensor([[3.5, 0.5]]))


def test_factors_above_zero_only():
    with pytest.raises(InputError, match="energy_scale"):
        natural_scale("energy", 0.0, None, is_log=False)

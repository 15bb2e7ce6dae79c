"""Activation functions by name."""

import pytest
import torch

from espnet2.layers.activation import get_activation
from espnet2.utils.errors import InputError


def test_swish():
    x = torch.randn(10)
    assert torch.allclose(get_activation("swish")(x), x * x.sigmoid())


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match="gelu is not known; choose from hardtanh, tanh"):
        get_activation("gelu")

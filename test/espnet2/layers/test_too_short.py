"""The least length is found exactly, with few tries."""

import pytest

from espnet2.layers.too_short import TooShortUttError, least_length


@pytest.mark.parametrize("least", [1, 2, 7, 480, 4097])
def test_least_length(least):
    tries = []

    def is_enough(length):
        tries.append(length)
        if length < least // 2:
            raise TooShortUttError("a layer", length, least)
        return length >= least

    assert least_length(is_enough) == least
    assert len(tries) <= 2 * least.bit_length() + 1


def test_nothing_is_enough():
    assert least_length(lambda length: False) == 0

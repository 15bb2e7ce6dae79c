"""Sequences cut at random, for the tests of streaming."""

from collections.abc import Iterator

import torch
from torch import Tensor


def cut_at_random(whole: Tensor, generator: torch.Generator) -> Iterator[tuple[Tensor, bool]]:
    """A sequence in pieces of random lengths, with whether one is the last: all in one, single elements, or mixed.

    Some are empty, and sometimes the last one is.
    """
    most = (1, 2, len(whole) // 3 + 2, len(whole) + 1)[int(torch.randint(4, (), generator=generator))]
    start, is_final = 0, False
    while not is_final:
        stop = start + int(torch.randint(most + 1, (), generator=generator))
        is_final = stop >= len(whole) and bool(torch.rand((), generator=generator) < 0.7)
        yield whole[start:stop], is_final
        start = stop

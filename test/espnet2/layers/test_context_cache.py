"""The last inputs of convolutions."""

import torch

from espnet2.layers.context_cache import ContextCache


def test_windows_slide_and_rows_move():
    cache = ContextCache([2, 0], 2, 1, torch.zeros(1))
    inputs = torch.arange(1.0, 7.0).view(3, 2, 1, 1)  # three tokens of two hypotheses
    cache = cache.advance()
    assert cache.put(0, inputs[0]).flatten(1).tolist() == [[0, 0, 1], [0, 0, 2]]
    assert cache.put(1, inputs[0]).flatten(1).tolist() == [[1], [2]]
    cache.put(0, inputs[1])
    taken = cache.take(torch.tensor([1, 1, 0]))
    assert taken.put(0, inputs[2, [0, 0, 0]]).flatten(1).tolist() == [[2, 4, 5], [2, 4, 5], [1, 3, 5]]
    assert cache.put(0, inputs[2]).flatten(1).tolist() == [[1, 3, 5], [2, 4, 6]]  # the first one is untouched

"""Which part of a growing text is stable."""

import torch

from espnet2.inference.events import StablePrefix, num_shared
from espnet2.search.hypothesis import Hypothesis


def hypotheses(*texts):
    return [Hypothesis(torch.tensor([9, *text, 9])) for text in texts]


def test_num_shared():
    assert num_shared([1, 2, 3], [1, 2, 4]) == 2
    assert num_shared([1, 2], [1, 2, 4]) == 2
    assert num_shared([], [1]) == 0


def test_what_all_hypotheses_share_is_stable():
    prefix = StablePrefix(3)
    assert prefix.update(hypotheses([1, 2, 3], [1, 2, 4], [1, 2])) == 2
    assert prefix.update(hypotheses([1, 2, 3, 5], [1, 2, 3, 6])) == 3
    assert prefix.update(hypotheses([7], [8])) == 0


def test_what_has_stood_for_some_blocks_is_stable():
    prefix = StablePrefix(2)
    assert prefix.update(hypotheses([1])) == 0
    assert prefix.update(hypotheses([1, 2])) == 0
    assert prefix.update(hypotheses([1, 2, 3])) == 1
    assert prefix.update(hypotheses([1, 2, 3])) == 2
    assert prefix.update(hypotheses([1, 5, 3])) == 1
    assert prefix.update(hypotheses([])) == 0

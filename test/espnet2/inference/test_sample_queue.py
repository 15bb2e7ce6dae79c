"""Samples are handed out once, in pieces, and again from where the queue goes back to."""

import numpy as np
import pytest
import torch

from espnet2.inference.sample_queue import SampleQueue


@pytest.mark.parametrize("sizes", [[1] * 100, [100], [7, 0, 50, 43]])
def test_all_samples_come_in_pieces(sizes):
    queue, samples = SampleQueue(8, 24), np.arange(100, dtype=np.float32)
    pieces, position = [], 0
    for size in sizes:
        queue.put(samples[position : position + size])
        position += size
        while (piece := queue.take(False)) is not None:
            assert 8 <= len(piece) <= 24
            pieces.append(piece)
            queue.forget_before(queue.next - 5)
    rest = queue.take(True)
    assert len(rest) < 8 or sizes == [100]
    torch.testing.assert_close(torch.cat([*pieces, rest]), torch.arange(100.0))
    assert len(queue.take(True)) == 0


def test_going_back():
    queue = SampleQueue(1, 10)
    queue.put(np.arange(10, dtype=np.float32))
    assert len(queue.take(False)) == 10
    queue.forget_before(4)
    queue.go_back(6)
    queue.put(np.arange(10, 13, dtype=np.float32))
    assert queue.take(False).tolist() == [6, 7, 8, 9, 10, 11, 12]
    queue.go_back(99)
    assert queue.next == queue.end == 13

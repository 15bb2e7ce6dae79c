"""A tensor that grows: every version holds what it was given, and growing is cheap."""
import torch

from espnet2.layers.growing_tensor import GrowingTensor


def test_versions_are_independent():
    parts = torch.randn(6, 2, 3, 4).unbind()  # six pieces that grow along the last axis
    base = GrowingTensor(parts[0], -1).append(parts[1])
    left, right = base.append(parts[2]), base.append(parts[3])
    longer = left.append(parts[4])
    for version, pieces in ((base, (0, 1)), (left, (0, 1, 2)), (right, (0, 1, 3)), (longer, (0, 1, 2, 4))):
        assert torch.equal(version.values, torch.cat([parts[piece] for piece in pieces], -1))
        assert len(version) == 4 * len(pieces)
    assert torch.equal(base.append(parts[5]).values[..., -4:], parts[5])


def test_a_window_slides_in_bounded_memory():
    stream = torch.randn(1000, 2)
    window = GrowingTensor(stream[:7], 0)
    assert torch.equal(window.last(3).values, stream[4:7])
    for start in range(7, 1000, 3):
        window = window.append(stream[start : start + 3]).last(20)
        assert torch.equal(window.values, stream[max(0, start + 3 - 20) : start + 3])
        assert window.values.untyped_storage().nbytes() <= 4 * 2 * 3 * 20 * 2
    assert window.last(30) is window
    assert len(window.append(stream[:0])) == 20


def test_values_are_seldom_copied():
    values, moves, storages = GrowingTensor(torch.zeros(1), 0), 0, []
    for _ in range(1000):
        values = values.append(torch.ones(1))
        storages.append(values.values.untyped_storage().data_ptr())
    moves = sum(before != now for before, now in zip(storages, storages[1:]))
    assert moves <= 10
    assert float(values.values.sum()) == 1000

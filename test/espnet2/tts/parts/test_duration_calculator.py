"""Durations from a teacher's attention."""
import pytest
import torch

from espnet2.tts.parts.duration_calculator import calculate_durations
from espnet2.utils.errors import InputError


def test_counts_the_frames_of_each_token():
    att_w = torch.tensor([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.0, 0.1, 0.9]])
    durations, focus_rate = calculate_durations(att_w)
    assert durations.tolist() == [2, 0, 1]
    torch.testing.assert_close(focus_rate, torch.tensor((0.8 + 0.6 + 0.9) / 3))


def test_takes_the_sharpest_head():
    torch.manual_seed(0)
    heads = torch.randn(2, 3, 6, 4).softmax(-1)
    heads[1, 2] = torch.eye(4)[[0, 0, 1, 1, 2, 3]]
    durations, focus_rate = calculate_durations(heads)
    assert durations.tolist() == [2, 2, 1, 1] and focus_rate == 1.0


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="dimensions"):
        calculate_durations(torch.zeros(1, 2, 3))

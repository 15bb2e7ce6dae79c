"""Targets of synthesisers."""

import pytest
import torch

from espnet2.tts.parts.targets import append_eos, frame_weights, shifted, stop_labels, whole_steps
from espnet2.utils.errors import InputError


def test_append_eos():
    text = torch.tensor([[3, 4, 5, 7], [6, 7, 7, 7]])  # what stands in the padding does not matter
    ended, lengths = append_eos(text, torch.tensor([3, 1]), 9)
    assert ended.tolist() == [[3, 4, 5, 9], [6, 9, 0, 0]] and lengths.tolist() == [4, 2]


def test_whole_steps_and_what_is_seen():
    feats = torch.arange(1.0, 8.0).view(1, 7, 1).repeat(2, 1, 1)
    cut, lengths = whole_steps(feats, torch.tensor([7, 5]), 3)
    assert lengths.tolist() == [6, 3] and cut.shape == (2, 6, 1)
    assert shifted(cut, 3)[0, :, 0].tolist() == [0, 3]
    assert shifted(cut, 1)[0, :, 0].tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(InputError, match="shorter than 3 frames"):
        whole_steps(feats, torch.tensor([7, 2]), 3)


def test_stop_labels():
    assert stop_labels(torch.tensor([4, 2]), 4).tolist() == [[0, 0, 0, 1], [0, 1, 1, 1]]


def test_frame_weights():
    lengths = torch.tensor([3, 1])
    torch.testing.assert_close(frame_weights(lengths, 3, False, False), torch.full((2, 3), 1 / 6))
    torch.testing.assert_close(frame_weights(lengths, 3, True, False), torch.tensor([[1, 1, 1], [1, 0, 0]]) / 4)
    expected = torch.tensor([[1 / 6, 1 / 6, 1 / 6], [1 / 2, 0, 0]])
    torch.testing.assert_close(frame_weights(lengths, 3, False, True), expected)
    with pytest.raises(InputError, match="exclude one another"):
        frame_weights(lengths, 3, True, True)

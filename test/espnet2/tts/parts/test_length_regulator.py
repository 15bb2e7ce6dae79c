"""Tokens repeated for as long as they last."""
import pytest
import torch

from espnet2.tts.parts.length_regulator import regulate_length, scale_durations, tokens_of_frames
from espnet2.utils.errors import InputError


def test_like_repeating_each_row():
    torch.manual_seed(0)
    hs, durations = torch.randn(3, 5, 2), torch.randint(0, 4, (3, 5))
    frames = regulate_length(hs, durations)
    assert frames.shape == (3, durations.sum(1).max(), 2)
    for row, own, number in zip(frames, hs, durations):
        expected = own.repeat_interleave(number, 0)
        torch.testing.assert_close(row[: len(expected)], expected)
        assert (row[len(expected) :] == 0).all()


def test_tokens_of_frames():
    torch.testing.assert_close(tokens_of_frames(torch.tensor([[2, 0, 1]]), 4), torch.tensor([[0, 0, 2, 3]]))


def test_tempo():
    durations, lengths = torch.tensor([[3, 1, 0], [2, 0, 0]]), torch.tensor([3, 1])
    torch.testing.assert_close(scale_durations(durations, lengths), durations)
    torch.testing.assert_close(scale_durations(durations, lengths, 2.0), durations * 2)
    torch.testing.assert_close(scale_durations(durations, lengths, 0.6), torch.tensor([[2, 1, 0], [1, 0, 0]]))


def test_an_utterance_without_frames_gets_one_for_each_token():
    scaled = scale_durations(torch.tensor([[0, 0, 0], [2, 0, 0]]), torch.tensor([2, 1]))
    torch.testing.assert_close(scaled, torch.tensor([[1, 1, 0], [2, 0, 0]]))


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan")])
def test_impossible_tempo(alpha):
    with pytest.raises(InputError, match="alpha"):
        scale_durations(torch.ones(1, 1), torch.tensor([1]), alpha)

"""Writing until the end."""

import pytest
import torch

from espnet2.tts.parts.autoregression import generate, one_row, right_frames
from espnet2.utils.errors import InputError


def run(end_at, reduction_factor=1, threshold=0.5, minlenratio=0.0, maxlenratio=10.0):
    """A network that counts frames and gives the end a probability of 0.7 at one of them."""
    seen = []

    def step(last):
        seen.append(last.item())
        start = len(seen) * reduction_factor - reduction_factor
        frames = torch.arange(start, start + reduction_factor) + 1.0
        return frames[:, None], torch.where(frames == end_at, torch.logit(torch.tensor(0.7)), -2.0)

    frames, probabilities = generate(step, torch.zeros(1, 1), 4, threshold, minlenratio, maxlenratio)
    assert len(frames) == len(probabilities)
    assert seen == [0.0, *frames[reduction_factor - 1 :: reduction_factor, 0].tolist()][: len(seen)]
    return len(frames)


def test_ends_where_it_says():
    assert run(end_at=5) == 5
    assert run(end_at=5, threshold=0.8) == 40


def test_limits():
    assert run(end_at=99, maxlenratio=2.0) == 8
    assert run(end_at=5, minlenratio=2.0) == 40  # at 8 it does not say so any more
    assert run(end_at=8, minlenratio=2.0) == 8
    assert run(end_at=99, maxlenratio=0.0) == 1


def test_steps_of_several_frames():
    assert run(end_at=4, reduction_factor=3) == 6
    assert run(end_at=99, reduction_factor=3, maxlenratio=2.0) == 9


def test_rows():
    assert one_row(sids=torch.tensor([3]), lids=None) == {"sids": torch.tensor([[3]]), "lids": None}
    feats, lengths = right_frames(torch.zeros(4, 2))
    assert feats.shape == (1, 4, 2) and lengths.tolist() == [4]
    with pytest.raises(InputError, match="use_teacher_forcing"):
        right_frames(None)

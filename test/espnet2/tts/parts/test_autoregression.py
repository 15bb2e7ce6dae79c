"""Writing until the end."""

import pytest
import torch

from espnet2.tts.parts.autoregression import Ending, corrected, generate, one_row, right_frames
from espnet2.tts.parts.postnet import Postnet
from espnet2.utils.errors import InputError


class Counter:
    """A network that counts frames, gives the end of each utterance a probability of 0.7, and looks at its number."""

    def __init__(self, ends, reduction_factor=1):
        self.ends, self.rows = torch.tensor(ends), torch.arange(len(ends))
        self.reduction_factor, self.steps = reduction_factor, 0

    def step(self):
        start = self.steps * self.reduction_factor
        frames = (torch.arange(start, start + self.reduction_factor) + 1.0).expand(len(self.ends), -1)
        logits = torch.where(frames == self.ends[:, None], torch.logit(torch.tensor(0.7)), -2.0)
        self.steps += 1
        return frames[..., None], logits, self.rows[:, None].expand(-1, 4)

    def keep(self, rows):
        self.ends, self.rows = self.ends[rows], self.rows[rows]


def run(end_at, reduction_factor=1, **ending):
    (written,) = generate(Counter([end_at], reduction_factor), torch.tensor([4]), Ending(**ending))
    assert written.frames.flatten().tolist() == list(range(1, len(written.frames) + 1))
    assert len(written.probabilities) == len(written.frames) == len(written.seen) * reduction_factor
    return len(written.frames)


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


def test_utterances_end_one_by_one():
    lengths, tokens = [5, 3, 5, 9], torch.tensor([4, 3, 2, 1])
    written = generate(Counter(lengths), tokens, Ending(maxlenratio=7.0))
    assert [len(own.frames) for own in written] == [5, 3, 5, 7]
    for row, own in enumerate(written):
        assert own.frames.flatten().tolist() == list(range(1, len(own.frames) + 1))
        assert own.seen.shape == (len(own.frames), tokens[row]) and (own.seen == row).all()


@torch.no_grad()
def test_the_postnet_sees_no_other_utterances():
    postnet = Postnet(1, 2, 4, 5).eval()
    written = generate(Counter([5, 9, 7]), torch.tensor([4, 4, 4]), Ending())
    for own, after in zip(written, corrected(postnet, written)):
        torch.testing.assert_close(after, corrected(postnet, [own])[0])


def test_rows():
    assert one_row(sids=torch.tensor([3]), lids=None) == {"sids": torch.tensor([[3]]), "lids": None}
    feats, lengths = right_frames(torch.zeros(4, 2))
    assert feats.shape == (1, 4, 2) and lengths.tolist() == [4]
    with pytest.raises(InputError, match="use_teacher_forcing"):
        right_frames(None)

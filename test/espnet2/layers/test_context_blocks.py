"""Blocks that inherit context; ``test/espnet2/asr/encoder/test_contextual_block_encoder.py`` runs them in encoders."""

import pytest
import torch

from espnet2.layers.context_blocks import BlockSizes, Part, cut, run_blocks, summarise
from espnet2.utils.errors import InputError

SIZES = BlockSizes(block=4, hop=2, look_ahead=1)  # a past part of 1


class Trace(torch.nn.Module):
    """A layer that writes its number into the last slot and leaves the others alone."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x, mask, pad_mask=None):
        self.first_slots = x[:, 0]
        return torch.cat([x[:, :-1], x[:, -1:] + self.number], 1)


def plan(*parts, masks_ends=True):
    return cut(parts, SIZES, masks_ends, torch.device("cpu"))


@pytest.mark.parametrize(("num_frames", "num_blocks"), [(5, 2), (6, 2), (7, 3), (8, 3), (2, 0), (0, 0)])
def test_as_many_blocks_as_frames_need(num_frames, num_blocks):
    assert SIZES.num_blocks(num_frames) == num_blocks


def test_full_blocks():
    assert [SIZES.num_full_blocks(length) for length in (0, 3, 4, 5, 6, 8)] == [0, 0, 1, 1, 2, 3]
    assert SIZES.is_whole(4) and not SIZES.is_whole(5) and BlockSizes(0, 16, 16).is_whole(1000)


def test_blocks_overlap_and_the_last_may_be_short():
    blocks = plan(Part(7, 3), Part(4, 1, num_before=5))
    assert blocks.frames[:2].tolist() == [[0, 1, 2, 3], [2, 3, 4, 5]] and blocks.frames[3].tolist() == [7, 8, 9, 10]
    assert blocks.frames[2, :3].tolist() == [4, 5, 6]
    assert blocks.is_beyond.nonzero().tolist() == [[2, 3]]
    assert blocks.positions.tolist() == [*range(7), 10, 11, 12, 13]
    assert blocks.numbers.tolist() == [0, 1, 2, 5] and blocks.last.tolist() == [2, 3]
    assert blocks.sources.tolist() == [
        0,
        0,
        1,
        4,
    ]  # the first itself; the second stream's older one comes after all four


def test_each_frame_comes_out_once_from_the_block_that_sees_enough_around_it():
    blocks = plan(Part(7, 3), Part(4, 1, num_before=5))
    slots = [divmod(number, 6) for number in blocks.outputs.tolist()]
    first = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3)]
    assert slots == [*first, (3, 2), (3, 3), (3, 4)]  # the past part of the second came out before


def test_who_may_look_where():
    full = plan(Part(6, 2))
    assert full.pad_mask is None and full.attention_mask.shape == (1, 6, 6)
    assert not full.attention_mask[0, 0].any() and full.attention_mask[0, 1:, :5].all()
    assert not full.attention_mask[0, :, 5].any()
    ragged = plan(Part(7, 3))
    assert ragged.pad_mask.nonzero().tolist() == [[2, 4]] and not ragged.attention_mask[2, :, 4].any()
    assert plan(Part(7, 3), masks_ends=False).pad_mask is None


def test_short_utterances_have_no_summaries():
    alone = plan(Part(3, 1, has_summaries=False))
    assert alone.frames.tolist() == [[0, 1, 2]] and not alone.has_summaries
    assert alone.attention_mask is None and alone.pad_mask is None and alone.outputs.tolist() == [0, 1, 2]
    beside = plan(Part(3, 1, has_summaries=False), Part(6, 2), masks_ends=False)
    assert beside.pad_mask[0].tolist() == [True, False, False, False, True, True] and not beside.pad_mask[1:].any()


def test_summaries_go_from_block_to_block_a_layer_up():
    blocks = plan(Part(6, 2), Part(4, 1, num_before=1))
    layers = [Trace(10.0), Trace(100.0)]
    older = torch.tensor([[[-1.0], [-2.0]]])
    summaries = torch.tensor([[1.0], [2.0], [3.0]])
    ys, after = run_blocks(layers, torch.zeros(10, 1), blocks, summaries, older)
    assert layers[0].first_slots.squeeze(1).tolist() == [1, 1, -1]
    assert layers[1].first_slots.squeeze(1).tolist() == [11, 11, -2]
    assert after.squeeze(2).tolist() == [[2, 12], [3, 13]] and ys.shape == (9, 1)


def test_means_and_maxima_leave_out_what_is_beyond_the_end():
    frames = -torch.arange(1.0, 8.0).unsqueeze(1)
    blocks = plan(Part(7, 3))
    assert summarise(frames, blocks, use_mean=True).squeeze(1).tolist() == [-2.5, -4.5, -6.0]
    assert summarise(frames, blocks, use_mean=False).squeeze(1).tolist() == [-1, -3, -5]
    full = plan(Part(6, 2))
    assert summarise(frames[:6], full, use_mean=True).squeeze(1).tolist() == [-2.5, -4.5]


@pytest.mark.parametrize("sizes", [(8, 5, 4), (8, 0, 2), (8, 4, -1), (-8, 4, 2)])
def test_sizes_that_do_not_fit_are_refused(sizes):
    with pytest.raises(InputError, match="block_size"):
        BlockSizes(*sizes).check()
    BlockSizes(0, 16, 16).check()

"""Which frames look at which, chunk by chunk."""

import torch

from espnet2.layers.chunk_mask import MAX_CHUNK_FRAMES, Chunking, chunk_mask, draw_chunking, restrict


def test_frames_see_their_chunk_and_those_on_the_left():
    assert chunk_mask(5, Chunking(2, 1)).int().tolist() == [
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0],
        [0, 0, 1, 1, 1],
    ]
    assert torch.equal(chunk_mask(7, Chunking(1)), torch.ones(7, 7).tril().bool())
    assert chunk_mask(7, Chunking(7)).all() and chunk_mask(7, Chunking(100, 0)).all()


def test_half_of_the_batches_see_everything_and_the_others_chunks_of_any_size():
    torch.manual_seed(0)
    drawn = [draw_chunking(50, 3) for _ in range(2000)]
    chunks = [chunking for chunking in drawn if chunking is not None]
    assert 900 < len(chunks) < 1100
    assert {chunking.chunk_size for chunking in chunks} == set(range(1, MAX_CHUNK_FRAMES + 1))
    assert {chunking.num_left_chunks for chunking in chunks} == {3}


def test_the_number_of_chunks_on_the_left_is_drawn_too():
    torch.manual_seed(0)
    chunks = [chunking for chunking in (draw_chunking(50, -1, True) for _ in range(4000)) if chunking is not None]
    assert {left for size, left in chunks if size == 10} == {0, 1, 2, 3, 4}


def test_both_masks_hold():
    mask = restrict(torch.tensor([[[True, True, True]], [[True, True, False]]]), chunk_mask(4, Chunking(2)))
    assert mask.int().tolist() == [[[1, 1, 0], [1, 1, 0], [1, 1, 1]], [[1, 1, 0], [1, 1, 0], [1, 1, 0]]]
    alone = torch.ones(2, 1, 3, dtype=torch.bool)
    assert restrict(alone, None) is alone

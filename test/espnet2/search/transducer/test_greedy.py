"""Greedy search against the frame-by-frame loop."""

import pytest
import torch

from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.search import TransducerSearch
from test.espnet2.search.transducer import tiny

V = 5


@torch.no_grad()
def frame_by_frame(network, encoded):
    """encoded (T, D)"""
    labels, score, frames = [0], 0.0, []
    output, state = network.step(torch.tensor([0]), network.start(1))
    for number, frame in enumerate(network.project(encoded)):
        best, label = network.join(frame, output[0]).log_softmax(0).max(0)
        score += float(best)
        if label != 0:
            labels.append(int(label))
            frames.append(number)
            output, state = network.step(label[None], state)
    return labels, score, frames


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_of_one_is_the_loop_over_frames(seed):
    network = tiny.network(V, seed=seed)
    encoded, lengths = tiny.speech(29, 4, seed), torch.tensor([29, 1, 8, 17])
    search = TransducerSearch(network, 1, TransducerOptions(search_type="alsd"), nbest=3)
    for row, (found,) in enumerate(search(encoded, lengths)):
        labels, score, frames = frame_by_frame(network, encoded[row, : lengths[row]])
        assert found.yseq.tolist() == labels and found.frames == frames
        assert found.score == pytest.approx(score, abs=1e-4)

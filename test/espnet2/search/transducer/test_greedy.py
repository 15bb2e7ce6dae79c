"""Greedy search against the frame-by-frame loop."""

import pytest
import torch

from espnet2.search.transducer.greedy import greedy
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.search import TransducerSearch
from test.espnet2.search.transducer import tiny

V = 5


@torch.no_grad()
def frame_by_frame(network, encoded):
    """encoded (T, D)"""
    labels, score = [0], 0.0
    output, state = network.step(torch.tensor([0]), network.start(1))
    for frame in network.project(encoded):
        best, label = network.join(frame, output[0]).log_softmax(0).max(0)
        score += float(best)
        if label != 0:
            labels.append(int(label))
            output, state = network.step(label[None], state)
    return labels, score


@pytest.mark.parametrize("seed", range(4))
@torch.no_grad()
def test_it_is_the_loop_over_frames(seed):
    network = tiny.network(V, seed=seed)
    encoded, lengths = tiny.speech(29, 4, seed), torch.tensor([29, 1, 8, 17])
    for row, (labels, score) in enumerate(greedy(network, encoded, lengths)):
        expected = frame_by_frame(network, encoded[row, : lengths[row]])
        assert labels == expected[0]
        assert score == pytest.approx(expected[1], abs=1e-4)


def test_a_beam_of_one_is_greedy():
    network = tiny.network(V)
    encoded, lengths = tiny.speech(12, 2), torch.tensor([12, 9])
    found = TransducerSearch(network, 1, TransducerOptions(search_type="alsd"), nbest=3)(encoded, lengths)
    assert [nbest[0].yseq.tolist() for nbest in found] == [labels for labels, _ in greedy(network, encoded, lengths)]

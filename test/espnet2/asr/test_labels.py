"""Label sequences of the decoder."""

import torch

from espnet2.asr.labels import add_sos_eos, token_accuracy


def test_sos_before_and_eos_after():
    ys_in, ys_out = add_sos_eos(torch.tensor([[3, 4, 5], [6, -1, -1]]), torch.tensor([3, 1]), 8, 9, -1)
    assert ys_in.tolist() == [[8, 3, 4, 5], [8, 6, 9, 9]]
    assert ys_out.tolist() == [[3, 4, 5, 9], [6, 9, -1, -1]]


def test_accuracy_leaves_padding_out():
    logits = torch.eye(4)[torch.tensor([[0, 1, 2], [3, 3, 3]])]
    assert token_accuracy(logits, torch.tensor([[0, 1, 1], [3, -1, -1]]), -1).item() == 0.75

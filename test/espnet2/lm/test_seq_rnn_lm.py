"""The recurrent language model: its steps against the whole, tied weights, refusals."""
import pytest
import torch

from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.utils.errors import InputError


@pytest.mark.parametrize("rnn_type", ["lstm", "gru", "rnn_tanh", "RNN_ReLU"])
@torch.no_grad()
def test_steps_equal_the_whole(rnn_type):
    torch.manual_seed(0)
    lm = SequentialRNNLM(9, unit=6, nhid=5, nlayers=2, rnn_type=rnn_type).eval()
    ids = torch.randint(1, 9, (2, 3, 7))
    state = lm.start(torch.zeros(2, 1, 1), torch.ones(2))
    _, state = lm.score(ids[:, :1, :1], state)
    state = lm.start(torch.zeros(6, 1, 1), torch.ones(6))  # all six as utterances of one hypothesis
    for length in range(1, 8):
        scores, state = lm.score(ids.view(6, 1, 7)[..., :length], state)
        state = lm.select(state, torch.zeros(6, 1, dtype=torch.long), ids.view(6, 1, 7)[..., 0])
    whole = lm(ids.flatten(0, 1), None)[0][:, -1].log_softmax(-1)
    torch.testing.assert_close(scores[:, 0], whole)
    kept = lm.keep(state, torch.tensor([4, 1]))
    torch.testing.assert_close(kept.hidden[0], state.hidden[0][:, [4, 1]])


def test_tied_weights_are_one_tensor():
    lm = SequentialRNNLM(9, unit=6, tie_weights=True)
    assert lm.decoder.weight is lm.encoder.weight
    assert "decoder.weight" in lm.state_dict()


def test_refusals():
    with pytest.raises(InputError, match="rnn_type"):
        SequentialRNNLM(9, rnn_type="qrnn")
    with pytest.raises(InputError, match="nhid"):
        SequentialRNNLM(9, unit=6, nhid=5, tie_weights=True)

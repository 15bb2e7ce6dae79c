"""The language model's loss: one value per token and eos, whatever the batch."""
import torch

from espnet2.lm.espnet_model import ESPnetLanguageModel
from espnet2.lm.seq_rnn_lm import SequentialRNNLM


def test_a_row_of_a_batch_equals_a_batch_of_one():
    torch.manual_seed(0)
    model = ESPnetLanguageModel(SequentialRNNLM(9, unit=6), 9).eval()
    text, lengths = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]]), torch.tensor([4, 2])
    nll, nll_lengths = model.nll(text, lengths)
    assert nll.shape == (2, 5)
    assert nll_lengths.tolist() == [5, 3]
    alone, _ = model.nll(text[1:, :2], lengths[1:])
    torch.testing.assert_close(nll[1, :3], alone[0])
    assert nll[1, 3:].tolist() == [0.0, 0.0]
    loss, stats, weight = model(text=text, text_lengths=lengths, utt_id=["a", "b"])
    assert weight == 8
    torch.testing.assert_close(loss, nll.sum() / 8)
    assert not stats["loss"].requires_grad
    assert model.collect_feats(text=text, text_lengths=lengths) == {}

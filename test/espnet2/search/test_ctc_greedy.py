"""The likeliest path of each frame."""
import pytest
import torch

from espnet2.search.ctc_greedy import CTCGreedySearch
from test.espnet2.search.test_ctc_prefix import Head, collapse


def test_collapses_the_best_path():
    path = [0, 3, 3, 0, 3, 1, 1, 2, 0, 0]
    logits = torch.full((1, len(path), 6), -3.0)
    logits[0, range(len(path)), path] = 4.0
    ((best,),) = CTCGreedySearch(Head(), sos=5, eos=5)(logits, torch.tensor([len(path)]))
    assert best.yseq.tolist() == [5, 3, 3, 1, 2, 5]
    assert best.tokens == [3, 3, 1, 2]
    expected = float(logits.log_softmax(-1).max(2).values.sum())
    assert best.score == pytest.approx(expected, abs=1e-5)
    assert dict(best.scores) == {"ctc": best.score}


def test_padding_changes_nothing_and_eos_is_never_chosen():
    generator = torch.Generator().manual_seed(0)
    utterances = [torch.randn(length, 6, generator=generator) for length in (12, 5, 1)]
    padded = torch.nn.utils.rnn.pad_sequence(utterances, batch_first=True, padding_value=9.0)
    search = CTCGreedySearch(Head(), sos=5, eos=5)
    together = search(padded, torch.tensor([12, 5, 1]))
    for utterance, (best,) in zip(utterances, together):
        ((alone,),) = search(utterance[None], torch.tensor([len(utterance)]))
        assert best.tokens == alone.tokens == list(collapse(utterance[:, :5].argmax(1).tolist()))
        assert best.score == pytest.approx(alone.score)
        assert 5 not in best.tokens

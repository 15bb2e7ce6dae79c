"""A scorer that forgets: the same scores as its own over the last tokens alone."""
import pytest
import torch

from espnet2.asr.decoder.rnn_decoder import RNNDecoder
from espnet2.search.streaming.text_window import TextWindow
from test.espnet2.search.test_beam_search import EOS, D, V, build_scorers


@pytest.mark.parametrize("name", ["decoder", "lm"])
@torch.no_grad()
def test_scores_are_those_of_the_last_tokens(name):
    scorer, limit = build_scorers()[name], 6
    window = TextWindow(scorer, limit, EOS)
    first, second = torch.randn(1, 4, D), torch.randn(1, 9, D)
    prefixes = torch.randint(1, EOS, (1, 3, 20))
    prefixes[:, :, 0] = EOS
    state = window.extend(window.start(first, torch.tensor([4])), second)
    parents = torch.zeros(1, 3, dtype=torch.long)
    longest = 0
    for length in range(1, 20):
        known = prefixes[:, :1, :1] if length == 1 else prefixes[:, :, :length]
        scores, state = window.score(known, state)
        seen = torch.cat([known[:, :, :1], known[:, :, 1 + state.num_forgotten :]], 2)
        longest = max(longest, seen.size(2))
        expected = whole(name, scorer, torch.cat([first, second], 1), seen)
        torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-5)
        state = window.select(state, parents, prefixes[:, :, length])
        parents = torch.tensor([[0, 1, 2]])
    assert longest == limit


def whole(name, scorer, encoded, prefixes):
    """The same in one pass: (1, K, L) -> (1, K, V)."""
    rows = prefixes[0]
    if name == "lm":
        logits = scorer(rows, None)[0]
    else:
        lengths = torch.full((len(rows),), rows.size(1))
        frames = torch.full((len(rows),), encoded.size(1))
        logits, _ = scorer(encoded.expand(len(rows), -1, -1), frames, rows, lengths)
    return logits[:, -1].log_softmax(-1).unsqueeze(0)


def test_it_streams_as_its_scorer_does():
    assert TextWindow(build_scorers()["decoder"], 4, EOS).can_stream
    assert not TextWindow(RNNDecoder(V, D, hidden_size=4), 4, EOS).can_stream

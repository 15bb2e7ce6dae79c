"""Rescoring against the sum of its parts, one transcript after another."""
import pytest
import torch

from espnet2.search.context_biasing import HOTWORDS, ContextScorer, Phrase
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from espnet2.search.rescoring import RescoringSearch, SecondPass, _stack, ctc_scorer, token_by_token
from espnet2.search.scorer import Scorer
from test.espnet2.search.test_beam_search import build_scorers

V, EOS = 9, 8
WEIGHTS = {"decoder": 0.6, "ctc": 0.4, "lm": 0.3, "length_bonus": 0.2, HOTWORDS: 1.0}


def build(beam_size=6, second=("decoder", "lm", "length_bonus")):
    scorers = build_scorers(vocab_size=V)
    ctc = scorers["ctc"].ctc
    first = CTCPrefixBeamSearch(
        ctc, {HOTWORDS: ContextScorer([Phrase((2, 3), 0.8)], V, EOS)}, {"ctc": 1.0, HOTWORDS: 1.0}, beam_size, EOS, EOS
    )
    second_pass = SecondPass({n: token_by_token(scorers[n], EOS, EOS) for n in second}, WEIGHTS)
    return scorers, first, RescoringSearch(first, second_pass)


@torch.no_grad()
def test_winner_is_the_largest_sum():
    scorers, first, search = build()
    encoded = 2 * torch.randn(3, 10, 8)
    lengths = torch.tensor([10, 7, 1])
    for row, (found, nbest) in enumerate(zip(first(encoded, lengths), search(encoded, lengths))):
        totals = {}
        for hypothesis in found:
            tokens = [*hypothesis.tokens, EOS]
            ids, picked = torch.tensor([[EOS, *tokens[:-1]]]), torch.tensor([tokens]).unsqueeze(2)
            length = lengths[row : row + 1]
            logits, _ = scorers["decoder"](encoded[row : row + 1, : int(length)], length, ids, torch.tensor([len(tokens)]))
            lm = scorers["lm"](ids, None)[0].log_softmax(-1).gather(2, picked).sum()
            total = 0.6 * logits.log_softmax(-1).gather(2, picked).sum() + 0.3 * lm + 0.2 * len(tokens)
            total += 0.4 * hypothesis.scores["ctc"] + hypothesis.scores[HOTWORDS]
            totals[tuple(hypothesis.tokens)] = float(total)
        expected = sorted(totals, key=totals.get, reverse=True)
        assert [tuple(h.tokens) for h in nbest] == expected
        assert [h.score for h in nbest] == pytest.approx([totals[tokens] for tokens in expected], abs=1e-4)


@torch.no_grad()
def test_batched_equals_single():
    _, _, search = build()
    utterances = [3 * torch.randn(length, 8) for length in (9, 1, 12)]
    padded = torch.nn.utils.rnn.pad_sequence(utterances, batch_first=True)
    for utterance, nbest in zip(utterances, search(padded, torch.tensor([9, 1, 12]))):
        (alone,) = search(utterance[None], torch.tensor([len(utterance)]))
        assert [h.tokens for h in nbest] == [h.tokens for h in alone]
        assert [h.score for h in nbest] == pytest.approx([h.score for h in alone], abs=1e-4)


@torch.no_grad()
def test_ctc_judges_all_paths():
    """Equal to the sum over all alignments; where the first beam keeps everything, to its scores."""
    scorers, first, _ = build(beam_size=5000)
    encoded, lengths = torch.randn(2, 4, 8), torch.tensor([4, 3])
    found = [nbest[:50] for nbest in first(encoded, lengths)]
    transcripts, num_tokens = _stack(found, encoded.device)
    exact = ctc_scorer(scorers["ctc"].ctc)(encoded, lengths, transcripts, num_tokens)
    for nbest, scores in zip(found, exact.tolist()):
        assert scores[: len(nbest)] == pytest.approx([h.scores["ctc"] for h in nbest], abs=1e-5)


class Partial(Scorer):
    """Scores a token by itself, and takes candidates only."""

    is_partial = True

    def start(self, encoded, lengths):
        return None

    def score(self, prefixes, state, candidates=None):
        assert candidates.shape[:2] == prefixes.shape[:2]
        return candidates.float() + 100 * (prefixes.size(2) - 1), state

    def select(self, state, parents, tokens):
        return state

    def keep(self, state, utterances):
        return state


def test_partial_scorers_see_the_tokens_alone():
    transcripts = torch.tensor([[[3, 2], [5, 0], [0, 0]]])
    judge = token_by_token(Partial(), EOS, EOS)
    scores = judge(torch.zeros(1, 4, 1), torch.tensor([4]), transcripts, torch.tensor([[2, 1, 0]]))
    assert scores.tolist() == [[3 + 102 + 200 + EOS, 5 + 100 + EOS, EOS]]

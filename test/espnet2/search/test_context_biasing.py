"""Bonuses of phrases: exact totals, what an unfinished phrase gives back, and the change of a winner."""
import itertools
import random

import pytest
import torch

from espnet2.search.beam_search import BeamSearch
from espnet2.search.context_biasing import HOTWORDS, ContextScorer, Phrase
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from test.espnet2.search.test_beam_search import Table
from test.espnet2.search.test_ctc_prefix import Head

V, EOS = 8, 7
PHRASES = [Phrase((1, 2, 3), 2.0), Phrase((2, 3, 4, 5), 1.5), Phrase((3,), 0.5), Phrase((1, 2), 1.0), Phrase((4, 4), 3.0)]


def earned(scorer, tokens):
    """The sum of a scorer's scores along some tokens."""
    state = scorer.start(torch.zeros(1, 1, 1), torch.ones(1))
    total, parent = 0.0, torch.zeros(1, 1, dtype=torch.long)
    for token in tokens:
        scores, state = scorer.score(torch.zeros(1, 1, 1), state)
        assert scores.shape == (1, 1, V)
        total += float(scores[0, 0, token])
        state = scorer.select(state, parent, torch.tensor([[token]]))
    return total


def occurrences(phrase, tokens):
    size = len(phrase.tokens)
    return sum(tuple(tokens[n : n + size]) == tuple(phrase.tokens) for n in range(len(tokens)))


def test_total_is_exactly_the_phrases_that_occur():
    scorer = ContextScorer(PHRASES, V, EOS)
    rng = random.Random(0)
    for _ in range(300):
        tokens = rng.choices(range(1, EOS), weights=[3, 3, 3, 3, 1, 1], k=rng.randint(0, 12))
        expected = sum(p.boost * len(p.tokens) * occurrences(p, tokens) for p in PHRASES)
        assert earned(scorer, [*tokens, EOS]) == pytest.approx(expected, abs=1e-5), tokens


def test_each_token_earns_at_once_and_gives_back():
    scorer = ContextScorer([Phrase((1, 2, 3), 2.0)], V, EOS)
    assert [earned(scorer, [1, 2, 3, 6][:n]) for n in range(5)] == [0, 2, 4, 6, 6]
    assert [earned(scorer, [1, 2, 6, 3][:n]) for n in range(5)] == [0, 2, 4, 0, 0]
    assert earned(scorer, [1, 2, EOS]) == 0
    assert earned(scorer, [1, 1, 2]) == 4  # a new beginning within the old one


def test_vectorised_over_hypotheses_and_utterances():
    scorer = ContextScorer(PHRASES, V, EOS)
    state = scorer.start(torch.zeros(2, 1, 1), torch.ones(2))
    parents = torch.zeros(2, 3, dtype=torch.long)
    state = scorer.select(state, parents, torch.tensor([[1, 2, 3], [4, 5, 6]]))
    state = scorer.select(state, torch.tensor([[0, 0, 1], [0, 2, 1]]), torch.tensor([[2, 3, 3], [4, 4, 1]]))
    scores, _ = scorer.score(torch.zeros(2, 3, 1), scorer.keep(state, torch.tensor([1, 0])))
    for row, prefixes in enumerate([[(4, 4), (6, 4), (5, 1)], [(1, 2), (1, 3), (2, 3)]]):
        for column, prefix in enumerate(prefixes):
            for token in range(1, V):
                expected = earned(scorer, [*prefix, token]) - earned(scorer, prefix)
                assert float(scores[row, column, token]) == pytest.approx(expected, abs=1e-5)


def test_a_boost_changes_the_winner_of_the_label_synchronous_search():
    table = Table([-9.0, -1.0, -1.2, -9.0, -9.0, -9.0, -9.0, -9.0], [-9.0, -9.0, -9.0, -1.0, -1.5, -9.0, -9.0, -0.9])
    lengths, encoded = torch.tensor([9]), torch.zeros(1, 9, 1)
    weights = {"table": 1.0, HOTWORDS: 1.0}

    def best(phrases):
        scorers = {"table": table, HOTWORDS: ContextScorer(phrases, V, EOS)}
        return BeamSearch(scorers, weights, 4, V, EOS, EOS)(encoded, lengths, maxlenratio=-3)[0][0]

    assert best([]).tokens == [1]
    boosted = best([Phrase((2, 4), 1.5)])
    assert boosted.tokens[:2] == [2, 4]
    assert boosted.scores[HOTWORDS] == pytest.approx(3.0)
    assert best([Phrase((2, 5), 1.5)]).tokens == [1]  # too far from what was heard


def test_a_boost_changes_the_winner_of_the_prefix_beam():
    probs = torch.tensor([[0.1, 0.6, 0.3], [0.9, 0.05, 0.05], [0.2, 0.3, 0.5]])
    logits = torch.nn.functional.pad(probs, (0, V - 3), value=1e-9).log()[None]

    def best(phrases):
        scorers = {HOTWORDS: ContextScorer(phrases, V, EOS)}
        return CTCPrefixBeamSearch(Head(), scorers, {"ctc": 1.0, HOTWORDS: 1.0}, 10, EOS, EOS)(logits, torch.tensor([3]))[0][0]

    assert best([]).tokens == [1, 2]
    boosted = best([Phrase((2, 1), 1.0)])
    assert boosted.tokens == [2, 1]
    assert boosted.scores[HOTWORDS] == pytest.approx(2.0)
    assert boosted.score == pytest.approx(boosted.scores["ctc"] + 2.0)


def test_equal_phrases_count_once():
    tokens = list(itertools.chain.from_iterable([[1, 2, 3]] * 2))
    assert earned(ContextScorer([Phrase((1, 2, 3), 9.0), Phrase([1, 2, 3], 1.0)], V, EOS), tokens) == 6.0

"""N-gram scores over a stand-in for KenLM: contexts, candidates, and the refusal without it."""
import math
import sys
import types

import pytest
import torch

from espnet2.search.ngram import NgramScorer
from espnet2.utils.errors import InputError

TOKENS = ["<blank>", "a", "b", "<eos>"]


class FakeKenLM(types.ModuleType):
    """A trigram model whose score tells the context: -(hash of the last two words and the new one)."""

    class State:
        words: tuple = ()

    class LanguageModel:
        order = 3
        calls = 0

        def __init__(self, path):
            self.path = path

        def NullContextWrite(self, state):
            state.words = ()

        def BaseScore(self, state, word, out):
            type(self).calls += 1
            out.words = (*state.words, word)[-2:]
            return -float(sum(ord(c) * (i + 1) for i, c in enumerate("|".join((*state.words, word)))))


@pytest.fixture
def kenlm(monkeypatch):
    module = FakeKenLM("kenlm")
    module.LanguageModel.calls = 0
    monkeypatch.setitem(sys.modules, "kenlm", module)
    return module


def expected(*words):
    return -float(sum(ord(c) * (i + 1) for i, c in enumerate("|".join(words))))


def test_contexts(kenlm):
    scorer = NgramScorer("lm.bin", TOKENS)
    assert scorer.start(torch.zeros(1, 1, 1), torch.ones(1)) is None
    scores, _ = scorer.score(torch.tensor([[[3]]]), None)
    assert scores.shape == (1, 1, 4)
    assert scores[0, 0, 1] == expected("<s>", "a")
    assert scores[0, 0, 3] == expected("<s>", "</s>")
    scores, _ = scorer.score(torch.tensor([[[3, 1], [3, 2]]]), None)
    assert scores[0, :, 2].tolist() == [expected("<s>", "a", "b"), expected("<s>", "b", "b")]
    scores, _ = scorer.score(torch.tensor([[[3, 1, 1, 2]]]), None)
    assert scores[0, 0, 1] == expected("a", "b", "a")  # sos is out of sight


def test_candidates_only_and_nothing_twice(kenlm):
    scorer = NgramScorer("lm.bin", TOKENS, is_partial=True)
    candidates = torch.tensor([[[1, 3]]])
    first, _ = scorer.score(torch.tensor([[[3, 1]]]), None, candidates)
    assert first[0, 0].tolist() == [expected("<s>", "a", "a"), expected("<s>", "a", "</s>")]
    calls = kenlm.LanguageModel.calls
    again, _ = scorer.score(torch.tensor([[[3, 1]]]), None, candidates)
    assert kenlm.LanguageModel.calls == calls
    assert not math.isnan(again.sum())


def test_absent_kenlm_is_told_with_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "kenlm", None)
    with pytest.raises(InputError, match="pip install kenlm"):
        NgramScorer("lm.bin", TOKENS)

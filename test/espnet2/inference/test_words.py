"""Words, their times and confidences, from hand-made posteriors."""
import pytest
import torch

from espnet2.inference.words import with_confidence, with_words
from espnet2.search.hypothesis import Hypothesis
from test.espnet2.search.test_alignment import posteriors

TOKENS = ["<blank>", "<unk>", "<space>", "A", "B", "▁A", "▁", "C", "<sos/eos>"]


def words_of(path, tokens, token_type, **options):
    hypothesis = Hypothesis(torch.tensor([8, *tokens, 8]), -1.0)
    return with_words(hypothesis, posteriors(path, 9), 0.1 * len(path), TOKENS, token_type, **options).words


def plain(words):
    return [(word.word, round(word.start_seconds, 3), round(word.end_seconds, 3)) for word in words]


@pytest.mark.parametrize(
    ("token_type", "path", "expected"),
    [
        ("char", [0, 3, 4, 0, 2, 2, 4, 4, 3, 0], [("AB", 0.1, 0.3), ("BA", 0.6, 0.9)]),
        ("char", [2, 3, 2, 0, 2, 4, 2], [("A", 0.1, 0.2), ("B", 0.5, 0.6)]),
        ("bpe", [5, 4, 0, 6, 4, 5, 0], [("AB", 0.0, 0.2), ("B", 0.3, 0.5), ("A", 0.5, 0.6)]),
        ("word", [3, 0, 4, 4], [("A", 0.0, 0.1), ("B", 0.2, 0.4)]),
        ("char", [0, 0], []),
    ],
)
def test_words_and_times(token_type, path, expected):
    tokens = [token for n, token in enumerate(path) if token and path[n - 1 : n] != [token]]
    words = words_of(path, tokens, token_type)
    assert plain(words) == expected
    assert all(word.confidence == pytest.approx(0.9, abs=1e-4) for word in words)


def test_start_in_the_recording_and_less_sure_words():
    words = words_of([3, 2, 4], [3, 2, 3], "char", start_seconds=60.0)
    assert plain(words) == [("A", 60.0, 60.1), ("A", 60.2, 60.3)]
    assert words[0].confidence > 0.8
    assert words[1].confidence < 0.1


def test_more_tokens_than_frames_have_no_words():
    assert words_of([3], [3, 3], "char") is None


def test_confidence_is_a_share():
    nbest = [Hypothesis(torch.tensor([8, 8]), score) for score in (0.0, -1.0, -1.0)]
    shares = [hypothesis.confidence for hypothesis in with_confidence(nbest)]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] / shares[1] == pytest.approx(2.718281828)
    assert with_confidence([]) == []
    assert nbest[0].confidence is None

"""Alignments of hand-made posteriors, against all paths, and part by part."""
import itertools

import pytest
import torch

from espnet2.search import alignment
from espnet2.search.alignment import TooFewFramesError, align, align_texts, num_frames_needed
from test.espnet2.search.test_ctc_prefix import collapse


def posteriors(path, vocab_size=6, sure=0.9):
    """Log-probabilities of a path that is seen clearly; not quite equal, for ties are not resolved well."""
    noise = torch.rand(len(path), vocab_size, generator=torch.Generator().manual_seed(0))
    probs = (1 - sure) / (vocab_size - 1) * (1 + 0.01 * noise)
    probs[range(len(path)), path] = sure
    return probs.log()


def test_hand_made_posteriors():
    spans = align(posteriors([0, 0, 2, 2, 0, 2, 3, 3, 3, 0]), [2, 2, 3])
    assert [span[:3] for span in spans] == [(2, 2, 4), (2, 5, 6), (3, 6, 9)]
    assert [span.log_prob for span in spans] == pytest.approx([torch.tensor(0.9).log().item()] * 3)
    assert align(posteriors([0, 1]), []) == []


@pytest.mark.parametrize("seed", range(3))
def test_is_the_best_of_all_paths(seed):
    log_probs = torch.randn(6, 4, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)
    tokens = (1, 1, 3)
    paths = [path for path in itertools.product(range(4), repeat=6) if collapse(path) == tokens]
    best = max(paths, key=lambda path: float(log_probs[range(6), list(path)].sum()))
    runs = [(token, len(list(run))) for token, run in itertools.groupby(best)]
    ends = itertools.accumulate(size for _, size in runs)
    expected = [(token, end - size, end) for (token, size), end in zip(runs, ends) if token != 0]
    assert [span[:3] for span in align(log_probs, tokens)] == expected


def test_too_few_frames():
    assert num_frames_needed([1, 1, 2]) == 4
    with pytest.raises(TooFewFramesError, match="3 tokens need 4 frames, but the speech has 3"):
        align(posteriors([0, 1, 2]), [1, 1, 2])


def test_texts_with_strange_speech_around():
    path = [4, 5, 4, 0, 1, 2, 0, 0, 3, 3, 0, 5, 4]
    spans = align_texts(posteriors(path), [[1, 2], [3]])
    assert [span[:2] for span in spans] == [(4, 6), (8, 10)]
    assert spans[0].log_probs.exp().tolist() == pytest.approx([0.9, 0.9])
    # nothing around: all frames belong to the text
    assert [span[:2] for span in align_texts(posteriors([1, 2, 3]), [[1, 2], [3]])] == [(0, 2), (2, 3)]
    # and between the pieces
    path = [1, 0, 2, 0, 4, 5, 4, 5, 4, 0, 3]
    spans = align_texts(posteriors(path), [[1, 2], [3]], has_gaps=True)
    assert [span[:2] for span in spans] == [(0, 3), (10, 11)]


def test_part_by_part_equals_the_whole(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    texts, path = [], [0] * 40
    for _ in range(60):
        text = torch.randint(1, 9, (int(torch.randint(3, 12, (), generator=generator)),), generator=generator).tolist()
        texts.append(text)
        for token in text:
            path += [token, 0, 0][: 2 + int(torch.randint(0, 2, (), generator=generator))]
        path += [0] * int(torch.randint(0, 25, (), generator=generator))
    log_probs = posteriors(path, 9)
    whole = align_texts(log_probs, texts)
    monkeypatch.setattr(alignment, "MAX_CELLS", 40_000)
    parts = align_texts(log_probs, texts)
    assert [span[:2] for span in parts] == [span[:2] for span in whole]

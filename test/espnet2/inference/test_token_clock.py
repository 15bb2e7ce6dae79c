"""The frames of a growing text are those of the whole utterance, and the speech before them is forgotten."""

import pytest
import torch

from espnet2.inference.token_clock import KEPT_FRAMES, MARGIN_FRAMES, TokenClock, emitted
from espnet2.search.alignment import align
from espnet2.search.hypothesis import Hypothesis


def spoken(tokens, num_frames, seed=0):
    """CTC log-probabilities (T, V) that speak tokens at random places, and these places."""
    generator = torch.Generator().manual_seed(seed)
    places = (torch.randperm(num_frames // 3, generator=generator)[: len(tokens)].sort().values * 3).tolist()
    logits = torch.randn(num_frames, 6, generator=generator)
    logits[:, 0] += 6
    for place, token in zip(places, tokens):
        logits[place, 0] -= 6
        logits[place, token] += 8
    return logits.log_softmax(1), places


@pytest.mark.parametrize("size", [5, 16, 40])
def test_times_equal_those_of_the_whole(size):
    generator = torch.Generator().manual_seed(size)
    tokens = torch.randint(1, 6, (60,), generator=generator).tolist()
    log_probs, places = spoken(tokens, 600, size)
    clock = TokenClock()
    for start in range(0, 600, size):
        clock.hear(log_probs[start : start + size])
        heard = [token for token, place in zip(tokens, places) if place < start + size]
        spans = clock.spans(heard, max(0, len(heard) - 3))
        assert [span.token for span in spans] == heard
        assert sum(map(len, clock._log_probs)) <= 100
    whole = align(log_probs, tokens)
    assert [span[:3] for span in spans] == [span[:3] for span in whole]


def test_a_text_that_changes_where_it_was_settled():
    clock = TokenClock()
    log_probs, _ = spoken([1, 2, 3, 4], 60)
    clock.hear(log_probs)
    clock.spans([1, 2, 3, 4], 4)
    spans = clock.spans([1, 5, 3, 4, 2], 1)
    assert [span.token for span in spans] == [1, 5, 3, 4, 2]
    starts = [span.start_frame for span in spans]
    assert starts == sorted(starts)


def test_more_tokens_than_frames_share_them():
    clock = TokenClock()
    clock.hear(torch.zeros(4, 6).log_softmax(1))
    spans = clock.spans([1, 1, 1, 1, 1, 1], 0)
    assert [span.token for span in spans] == [1] * 6
    assert all(0 <= span.start_frame <= span.end_frame <= 4 for span in spans)


def test_silence_is_forgotten():
    clock = TokenClock()
    for _ in range(100):
        clock.hear(torch.zeros(16, 6).log_softmax(1))
        assert clock.spans([], 0) == []
    assert sum(map(len, clock._log_probs)) <= KEPT_FRAMES + MARGIN_FRAMES + 16


def test_a_transducer_knows_its_frames():
    hypothesis = Hypothesis(torch.tensor([0, 3, 5]), score=-1.0, has_eos=False, frames=[4, 9])
    assert [tuple(span) for span in emitted(hypothesis)] == [(3, 4, 5, -0.5), (5, 9, 10, -0.5)]

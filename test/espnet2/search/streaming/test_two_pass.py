"""Two passes over a stream equal two passes over the whole utterance."""
import pytest
import torch

from espnet2.search.streaming.ctc import StreamingCTCPrefixBeam
from espnet2.search.streaming.two_pass import TwoPassSearch
from test.espnet2.search.streaming.pieces import as_rows, in_pieces
from test.espnet2.search.test_rescoring import build

D = 8


@torch.no_grad()
def test_equals_rescoring_of_the_whole():
    _, first, offline = build()
    search = TwoPassSearch(StreamingCTCPrefixBeam(first), offline.second_pass, max_frames=25)
    assert search.weights == offline.weights
    generator = torch.Generator().manual_seed(0)
    for num_frames in (1, 9, 25):
        encoded = 2 * torch.randn(num_frames, D, generator=generator)
        (expected,) = offline(encoded[None], torch.tensor([num_frames]))
        found = in_pieces(search, encoded, generator)[-1]
        assert [h.tokens for h in found] == [h.tokens for h in expected]
        assert [h.score for h in found] == pytest.approx([h.score for h in expected], abs=1e-4)


@torch.no_grad()
def test_the_first_pass_decides_alone_where_that_is_too_long(caplog):
    _, first, offline = build()
    single = StreamingCTCPrefixBeam(first)
    search = TwoPassSearch(single, offline.second_pass, max_frames=25)
    encoded = torch.randn(60, D)
    state = search.start()
    for start in range(0, 60, 10):
        state, nbest = search.advance(state, encoded[start : start + 10], start == 50)
        assert state.frames is None or len(state.frames) <= 25
    assert as_rows(nbest) == as_rows(single.advance(single.start(), encoded, True)[1])
    assert "no second pass" in caplog.text

"""CTC's searches of streams equal those of whole utterances."""
import pytest
import torch

from espnet2.search.context_biasing import HOTWORDS, ContextScorer, Phrase
from espnet2.search.ctc_greedy import CTCGreedySearch
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from espnet2.search.streaming.ctc import StreamingCTCGreedy, StreamingCTCPrefixBeam
from espnet2.utils.errors import InputError
from test.espnet2.search.streaming.pieces import as_rows, in_pieces
from test.espnet2.search.test_beam_search import build_scorers

V, D, EOS = 12, 8, 11
WEIGHTS = {"ctc": 1.0, "lm": 0.4, "length_bonus": 0.2, HOTWORDS: 1.0}


def build(maxlenratio=0.0, minlenratio=0.0):
    scorers = build_scorers(vocab_size=V)
    ctc = scorers["ctc"].ctc
    ctc.ctc_lo.weight.data.mul_(4.0)
    judges = {"lm": scorers["lm"], "length_bonus": scorers["length_bonus"]}
    judges[HOTWORDS] = ContextScorer([Phrase((2, 5), 0.8)], V, EOS)
    beam = CTCPrefixBeamSearch(ctc, judges, WEIGHTS, 4, EOS, EOS)
    greedy = CTCGreedySearch(ctc, EOS, EOS)
    return {
        "greedy": (greedy, StreamingCTCGreedy(greedy)),
        "prefix_beam": (beam, StreamingCTCPrefixBeam(beam, maxlenratio, minlenratio)),
    }


@pytest.mark.parametrize("limits", [(0.0, 0.0), (-4.0, -2.0)])
@pytest.mark.parametrize("name", ["greedy", "prefix_beam"])
@torch.no_grad()
def test_streams_equal_whole_utterances(name, limits):
    offline, streaming = build(*limits)[name]
    generator = torch.Generator().manual_seed(0)
    for num_frames in (1, 2, 17, 40):
        encoded = torch.randn(num_frames, D, generator=generator)
        (expected,) = offline(encoded[None], torch.tensor([num_frames]), *limits)
        for most in (1, 5, 30):
            found = in_pieces(streaming, encoded, generator, most)[-1]
            assert [h.tokens for h in found] == [h.tokens for h in expected]
            assert [h.score for h in found] == pytest.approx([h.score for h in expected], abs=1e-5)


@pytest.mark.parametrize("name", ["greedy", "prefix_beam"])
@torch.no_grad()
def test_streams_do_not_disturb_one_another(name):
    _, search = build()[name]
    encoded = torch.randn(30, D)
    state, _ = search.advance(search.start(), encoded[:12], False)
    _, expected = search.advance(state, encoded[12:], True)
    search.advance(state, -encoded[:12], False)
    longer, _ = search.advance(state, encoded[12:20], False)
    assert as_rows(search.advance(longer, encoded[20:], True)[1]) == as_rows(expected)


@torch.no_grad()
def test_nobody_judges_the_end_before_the_end():
    _, search = build()["prefix_beam"]
    encoded = torch.randn(10, D)
    assert search.advance(search.start(), encoded[:0], False)[1] == []
    state, partial = search.advance(search.start(), encoded, False)
    _, final = search.advance(state, encoded[:0], True)
    by_tokens = {tuple(h.tokens): h for h in final}
    for hypothesis in partial:
        ended = by_tokens[tuple(hypothesis.tokens)]
        assert hypothesis.scores["ctc"] == ended.scores["ctc"]
        assert hypothesis.scores["length_bonus"] == ended.scores["length_bonus"] - 1
        assert hypothesis.scores["lm"] > ended.scores["lm"]


def test_scorers_that_must_have_heard_all():
    scorers = build_scorers(vocab_size=V)
    search = CTCPrefixBeamSearch(
        scorers["ctc"].ctc, {"decoder": scorers["decoder"]}, {"ctc": 0.5, "decoder": 0.5}, 4, EOS, EOS
    )
    with pytest.raises(InputError, match="decoder"):
        StreamingCTCPrefixBeam(search)

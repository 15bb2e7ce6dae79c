"""Run-and-back stitch search: blocks end where CTC expects no more, or attention jumps back."""

import pytest
import torch

from espnet2.search.streaming import run_and_back
from espnet2.search.streaming.run_and_back import RunAndBackSearch
from espnet2.search.streaming.text_window import TextWindow
from espnet2.utils.errors import InputError
from test.espnet2.search.streaming.pieces import as_rows, in_pieces
from test.espnet2.search.test_beam_search import build_scorers, search_with

V, D, EOS = 12, 8, 11
SIZES = {"block_size": 10, "hop_size": 4, "look_ahead": 4}
WEIGHTS = {"decoder": 0.6, "ctc": 0.4, "lm": 0.3, "length_bonus": 0.2}


def build(**options):
    scorers = build_scorers(0, V)
    scorers["ctc"].ctc.ctc_lo.weight.data.mul_(6.0)
    return RunAndBackSearch(search_with(scorers, WEIGHTS, 3, V), **SIZES, **options)


def stream(num_frames, seed=0):
    return torch.randn(num_frames, D, generator=torch.Generator().manual_seed(seed))


def silence(search, num_frames):
    """Frames in which CTC hears blank."""
    return 20.0 * search.search.scorers["ctc"].ctc.ctc_lo.weight[0].detach().expand(num_frames, D)


def counted(search):
    """Count the tokens that are searched for."""
    calls, choose = [], search.search.choose
    search.search.choose = lambda beam: calls.append(beam) or choose(beam)
    return calls


@pytest.mark.parametrize("options", [{}, {"max_frames": 12}, {"hold_n": 1, "keep_best_only": True}])
@torch.no_grad()
def test_pieces_change_nothing(options):
    search, generator = build(**options), torch.Generator().manual_seed(1)
    for num_frames in (1, 6, 10, 31):
        encoded = stream(num_frames)
        whole = search.advance(search.start(), encoded, True)[1]
        assert whole
        for _ in range(2):
            assert as_rows(in_pieces(search, encoded, generator)[-1]) == as_rows(whole)


@torch.no_grad()
def test_silence_is_hardly_searched():
    search = build()
    state, found = search.advance(search.start(), stream(22), False)
    calls = counted(search)
    _, after = search.advance(state, silence(search, 40), False)
    assert found[0].tokens and after[0].tokens[: len(found[0].tokens) - 1] == found[0].tokens[:-1]
    assert len(calls) <= 2 * 10  # each of ten blocks finds the last token anew


@torch.no_grad()
def test_a_token_from_the_past_is_discarded(monkeypatch):
    monkeypatch.setattr(run_and_back, "MOST_BACK", 0.0)
    search = build()
    calls = counted(search)
    _, found = search.advance(search.start(), stream(22), False)
    assert [h.tokens for h in found] == [[]] and len(calls) == 5  # one try a block


def test_what_it_cannot_do_is_refused():
    scorers = build_scorers(0, V)
    without_ctc = {name: scorer for name, scorer in scorers.items() if name != "ctc"}
    windowed = {**scorers, "decoder": TextWindow(scorers["decoder"], 5, EOS)}
    for unfit in (without_ctc, windowed):
        with pytest.raises(InputError, match="run_back_stitch needs a ctc_weight between 0 and 1"):
            RunAndBackSearch(search_with(unfit, WEIGHTS, 3, V), **SIZES)

"""The blockwise search: any pieces give the same, streams do not disturb one another, and memory is bounded.

Its parity with the reference stands in test/espnet2/inference/test_streaming_scorers.py.
"""
import pytest
import torch

from espnet2.asr.decoder.rnn_decoder import RNNDecoder
from espnet2.search.context_biasing import ContextScorer, Phrase
from espnet2.search.streaming.blockwise import BlockwiseBeamSearch, num_tokens, repeated
from espnet2.search.streaming.text_window import TextWindow
from espnet2.utils.errors import InputError
from test.espnet2.search.streaming.pieces import as_rows, in_pieces
from test.espnet2.search.test_beam_search import Table, build_scorers, search_with

V, D, EOS = 12, 8, 11
SIZES = {"block_size": 10, "hop_size": 4, "look_ahead": 4}
WEIGHTS = {"decoder": 0.6, "ctc": 0.4, "lm": 0.3, "length_bonus": 0.2, "hotwords": 1.0}
OPTIONS = {
    "plain": {},
    "without_repetitions": {"detect_repetition": False},
    "incremental": {"keep_best_only": True, "hold_n": 2},
    "window": {"max_frames": 12},
    "at_most_five": {"maxlenratio": -5.0, "minlenratio": -2.0},
    "half": {"maxlenratio": 0.5, "minlenratio": 0.1},
}


def build(name="plain", seed=0, text_limit=0, beam_size=3):
    scorers = build_scorers(seed, V)
    scorers["ctc"].ctc.ctc_lo.weight.data.mul_(6.0)
    scorers["hotwords"] = ContextScorer([Phrase((2, 5), 0.5)], V, EOS)
    if text_limit:
        scorers |= {name: TextWindow(scorers[name], text_limit, EOS) for name in ("decoder", "lm")}
    return BlockwiseBeamSearch(search_with(scorers, WEIGHTS, beam_size, V), **SIZES, **OPTIONS[name])


def stream(num_frames, seed=0):
    return torch.randn(num_frames, D, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", OPTIONS)
@torch.no_grad()
def test_pieces_change_nothing(name):
    search, generator = build(name), torch.Generator().manual_seed(1)
    for num_frames in (1, 3, 6, 10, 31):  # 6 and 10: where blocks end
        encoded = stream(num_frames)
        _, whole = search.advance(search.start(), encoded, True)
        assert whole
        assert [h.score for h in whole] == sorted((h.score for h in whole), reverse=True)
        assert len({tuple(h.yseq.tolist()) for h in whole}) == len(whole)
        for hypothesis in whole:
            assert hypothesis.yseq[0] == hypothesis.yseq[-1] == EOS
            total = sum(search.weights[name] * value for name, value in hypothesis.scores.items())
            assert hypothesis.score == pytest.approx(total, rel=1e-5)
        for _ in range(2):
            assert as_rows(in_pieces(search, encoded, generator)[-1]) == as_rows(whole)


@torch.no_grad()
def test_streams_do_not_disturb_one_another():
    search, streams = build(), [stream(30, seed) for seed in range(3)]
    alone = [search.advance(search.start(), encoded, True)[1] for encoded in streams]
    states, found = [search.start() for _ in streams], [None] * len(streams)
    for start in range(0, 30, 5):
        for number, encoded in enumerate(streams):
            states[number], found[number] = search.advance(states[number], encoded[start : start + 5], start == 25)
    assert [as_rows(nbest) for nbest in found] == [as_rows(nbest) for nbest in alone]


@torch.no_grad()
def test_a_state_stays_as_it_is():
    search, encoded = build(), stream(40)
    state, _ = search.advance(search.start(), encoded[:17], False)
    first = search.advance(state, encoded[17:], True)[1]
    search.advance(state, -encoded[:15], False)
    longer, _ = search.advance(state, encoded[17:25], False)
    assert as_rows(search.advance(longer, encoded[25:], True)[1]) == as_rows(first)
    assert as_rows(search.advance(state, encoded[17:], True)[1]) == as_rows(first)


@torch.no_grad()
def test_wide_search_of_one_block_equals_the_offline_search():
    scorers = build_scorers(vocab_size=V)
    offline = search_with(scorers, {"decoder": 0.6, "ctc": 0.4}, 4, V)
    encoded = stream(6)
    search = BlockwiseBeamSearch(offline, block_size=40, hop_size=16, look_ahead=16)
    (expected,) = offline(encoded[None], torch.tensor([6]), maxlenratio=-4)
    found = search.with_limits(-4, 0).advance(search.start(), encoded, True)[1]
    single_end = [h for h in expected if h.yseq.tolist().count(EOS) == 2]  # the offline one adds eos to ended ones, too
    assert as_rows(found)[0] == as_rows(single_end)[0]


@torch.no_grad()
def test_partial_results_come_block_by_block():
    search, encoded = build(), stream(30)
    state = search.start()
    state, nbest = search.advance(state, encoded[:5], False)
    assert nbest == []
    state, nbest = search.advance(state, encoded[5:6], False)  # the first block less what lies ahead
    assert nbest
    assert as_rows(search.advance(state, encoded[:0], False)[1]) == as_rows(nbest)
    assert search.advance(search.start(), encoded[:0], True)[1] == []
    assert search.advance(search.start(), encoded[:0], False)[1] == []


@pytest.mark.parametrize("name", ["plain", "window"])
@torch.no_grad()
def test_long_streams_stay_bounded(name):
    search, state, sizes = build(name, text_limit=8, beam_size=2), None, []
    generator = torch.Generator().manual_seed(0)
    state = search.start()
    for _ in range(60):
        state, nbest = search.advance(state, torch.randn(6, D, generator=generator), False)
        sizes.append(count_numbers(state.beam.states))
    assert num_tokens(state.beam) > 20
    if name == "plain":
        assert min(sizes[-5:]) > max(sizes[10:20])
    else:
        assert max(sizes[30:]) <= 1.3 * max(sizes[10:30])


def count_numbers(value):
    """How much all tensors of a state hold, and the memory that they share with others."""
    storages = {}

    def visit(part):
        if isinstance(part, torch.Tensor):
            storages[part.untyped_storage().data_ptr()] = part.untyped_storage().nbytes()
        elif isinstance(part, dict):
            visit(list(part.values()))
        elif isinstance(part, list | tuple):
            for item in part:
                visit(item)
        elif hasattr(part, "__dict__"):
            visit(vars(part))

    visit(value)
    return sum(storages.values())


def test_repetitions():
    assert repeated([9, 1, 2, 2, 2], 4) == 1
    assert repeated([9, 2, 2, 2], 2) == 0  # only two of them are new
    assert repeated([9, 1, 2, 1, 2, 1, 2], 6) == 2
    assert repeated([9, 1, 2, 1, 2, 1, 2], 5) == 0
    assert repeated([9, 1, 2, 3, 1, 2], 5) == 0


class DeafTable(Table):
    ignores_speech = True


@torch.no_grad()
def test_a_block_ends_when_the_best_hypothesis_repeats_itself():
    table = DeafTable([-9.0, -0.1, -1e4])  # the same token for ever
    engine = search_with({"table": table}, {"table": 1.0}, 1, 3)
    for detect, first, second in ((True, 1, 1), (False, 5, 9)):
        search = BlockwiseBeamSearch(engine, **SIZES, detect_repetition=detect)
        state, nbest = search.advance(search.start(), torch.zeros(6, 1), False)
        assert nbest[0].tokens == [1] * first
        assert not nbest[0].has_eos
        _, nbest = search.advance(state, torch.zeros(4, 1), False)
        assert nbest[0].tokens == [1] * second


def test_refusals():
    scorers = build_scorers(vocab_size=V)
    with pytest.raises(InputError, match="RNNDecoder cannot stream"):
        BlockwiseBeamSearch(search_with({"decoder": RNNDecoder(V, D, hidden_size=4)}, {"decoder": 1.0}, 2, V))
    engine = search_with(scorers, WEIGHTS, 2, V)
    with pytest.raises(InputError, match="hop"):
        BlockwiseBeamSearch(engine, block_size=10, hop_size=4, look_ahead=10)
    with pytest.raises(InputError, match="less than a block"):
        BlockwiseBeamSearch(engine, block_size=10, hop_size=4, look_ahead=2, max_frames=9)
    with pytest.raises(InputError, match="cannot stream"):
        RNNDecoder(V, D, hidden_size=4).extend(None, torch.zeros(1, 1, D))

"""The search of streams against that of whole utterances."""

import random
from statistics import median

import pytest
import torch

from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.lm.transformer_lm import TransformerLM
from espnet2.search.streaming.transducer import StreamingTransducerSearch
from espnet2.search.transducer.language_model import LanguageModel
from espnet2.search.transducer.options import TransducerOptions
from espnet2.utils.errors import InputError
from test.espnet2.search.transducer import tiny

V = 8
KINDS = {
    "greedy": (1, {}),
    "default": (3, {"search_type": "default"}),
    "tsd": (3, {"search_type": "tsd", "max_sym_exp": 3}),
    "nsc": (3, {"search_type": "nsc", "nstep": 2, "prefix_alpha": 2}),
    "maes": (3, {"search_type": "maes", "prefix_alpha": 2}),
}
LMS = {"none": None, "lstm": lambda: SequentialRNNLM(V, 8), "transformer": lambda: TransformerLM(V, "sinusoidal", 8, 8)}


def search(kind, lm="none", seed=0):
    beam_size, options = KINDS[kind]
    torch.manual_seed(seed)
    fused = LMS[lm] and LanguageModel(LMS[lm]().eval(), 0.5, sos=V - 1, device=torch.device("cpu"))
    return StreamingTransducerSearch(tiny.network(V, seed=seed), beam_size, TransducerOptions(**options), fused, nbest=3)


def whole(engine, frames):
    return engine(frames[None], torch.tensor([len(frames)]))[0]


def pieces(frames, seed, most=24):
    """Random pieces, some of them without a frame."""
    generator, start = random.Random(seed), 0
    while start < len(frames):
        size = generator.choice([0, 1, 2, generator.randrange(most)])
        yield frames[start : start + size]
        start += size


def fed(engine, parts):
    """What there is after each piece."""
    state, results = engine.start(), []
    for part in parts:
        state, found = engine.advance(state, part, False)
        results.append(found)
    results.append(engine.advance(state, part[:0], True)[1])
    return results


def assert_same(found, expected):
    assert [h.yseq.tolist() for h in found] == [h.yseq.tolist() for h in expected]
    assert [h.score for h in found] == pytest.approx([h.score for h in expected], abs=1e-3)
    assert [h.frames for h in found] == [h.frames for h in expected]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_pieces_give_what_the_whole_gives(kind, seed):
    engine, frames = search(kind, seed=seed), tiny.speech(50, seed=seed)[0]
    assert_same(fed(engine, pieces(frames, seed))[-1], whole(engine, frames))


@pytest.mark.parametrize("lm", ["lstm", "transformer"])
@pytest.mark.parametrize("kind", ["default", "tsd", "nsc", "maes"])
def test_a_language_model_goes_on_too(kind, lm):
    engine, frames = search(kind, lm), tiny.speech(50)[0]
    found = whole(engine, frames)
    assert_same(fed(engine, pieces(frames, 5))[-1], found)
    assert [h.yseq.tolist() for h in found] != [h.yseq.tolist() for h in whole(search(kind), frames)]


@pytest.mark.parametrize("kind", KINDS)
def test_results_in_between_are_those_of_the_frames_so_far(kind):
    engine, frames = search(kind), tiny.speech(40)[0]
    for number, found in enumerate(fed(engine, frames.split(10))[:4], 1):
        assert_same(found, whole(engine, frames[: 10 * number]))


@pytest.mark.parametrize("kind", KINDS)
def test_streams_in_turn_do_not_disturb_each_other(kind):
    engine, speech = search(kind, "none" if kind == "greedy" else "lstm"), tiny.speech(40, 3)
    states = [engine.start() for _ in speech]
    for parts in zip(*(frames.split(7) for frames in speech)):
        results = [engine.advance(state, part, False) for state, part in zip(states, parts)]
        states = [state for state, _ in results]
    for (_, found), frames in zip(results, speech):
        assert_same(found, whole(engine, frames))


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_stays_as_it_is(kind):
    engine, frames = search(kind), tiny.speech(60)[0]
    state, _ = engine.advance(engine.start(), frames[:20], False)
    first = engine.advance(state, frames[20:], True)[1]
    engine.advance(state, tiny.speech(40, seed=9)[0], True)
    assert_same(engine.advance(state, frames[20:], True)[1], first)


def test_nothing_was_heard():
    found = search("maes").advance(search("maes").start(), torch.zeros(0, tiny.D), True)[1]
    assert [h.tokens for h in found] == [[]]


def live(state):
    """How many sequences are kept in memory, and the most labels that one of them holds by itself."""
    reached = {hypothesis.prefix for hypothesis in state.kept}
    new = list(reached)
    for prefix in new:
        new += [child for child in prefix.children if child not in reached]
        reached.update(prefix.children)
    return len(reached), max(len(prefix.labels) for prefix in reached)


def kept_after_each_block(engine, frames):
    state, kept, found = engine.start(), [], []
    for block in frames.split(16):  # as they come from an encoder
        state, found = engine.advance(state, block, False)
        kept.append(live(state))
    return *zip(*kept), found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["greedy", "maes"])
def test_ten_minutes_of_speech_keep_as_much_as_one(kind):
    """25 frames a second. The hypotheses of a random network may differ for long, but not for ever."""
    nodes, labels, found = kept_after_each_block(search(kind), tiny.speech(15_000, seed=3)[0])
    minute = 60 * 25 // 16
    assert median(nodes[-minute:]) <= 1.2 * median(nodes[minute : 2 * minute])
    assert median(labels[-minute:]) <= 1.5 * median(labels[minute : 2 * minute])
    assert max(nodes) < 200 and max(labels) < 500 and len(found[0].tokens) > 5000


@pytest.mark.parametrize("kind", ["default", "tsd", "nsc", "maes"])
def test_silence_adds_nothing(kind):
    silence = 0.1 * tiny.speech(1)[0] + 0.05 * tiny.speech(800, seed=3)[0]  # that the network is in two minds about
    nodes, labels, _ = kept_after_each_block(search(kind), torch.cat([tiny.speech(96)[0], silence]))
    assert max(nodes[-16:]) <= 1.5 * max(nodes[6:22]) < 200
    assert max(labels[6:]) < 20


def test_alignment_length_must_know_the_end():
    with pytest.raises(InputError, match="alsd needs the whole utterance"):
        StreamingTransducerSearch(tiny.network(V), 3, TransducerOptions(search_type="alsd"))

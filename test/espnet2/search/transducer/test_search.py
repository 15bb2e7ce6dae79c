"""Searches of tiny random transducers against the enumeration of all transcripts and alignments."""

import pytest
import torch

from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.search import TransducerSearch
from test.espnet2.search.transducer import tiny

V = 3
KINDS = ["default", "tsd", "alsd", "nsc", "maes"]


def logsumexp(ways):
    return torch.logsumexp(ways, 0)


def search(network, kind, beam_size, nbest=1, **options):
    options = TransducerOptions(**{"search_type": kind, "score_norm": False, **options})
    return TransducerSearch(network, beam_size, options, nbest=nbest)


def found(network, kind, beam_size, encoded, **options):
    lengths = torch.full((len(encoded),), encoded.size(1))
    return search(network, kind, beam_size, **options)(encoded, lengths)


def assert_same(hypotheses, expected):
    assert [tuple(h.yseq.tolist()) for h in hypotheses] == [labels for labels, _ in expected]
    assert [h.score for h in hypotheses] == pytest.approx([score for _, score in expected], abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_best_first_finds_the_best_alignment(seed):
    encoded = tiny.speech(3, seed=seed)
    expected = tiny.transcripts(V, encoded[0], 5, torch.amax, seed=seed)
    hypotheses = found(tiny.network(V, seed=seed), "default", 60, encoded, nbest=4)[0]
    assert_same(hypotheses, tiny.ranked(expected, 4))


@pytest.mark.parametrize("seed", range(3))
def test_time_synchronous_sums_alignments_of_few_labels_a_frame(seed):
    encoded = tiny.speech(3, seed=seed)
    expected = tiny.transcripts(V, encoded[0], 6, logsumexp, labels_of_a_frame=2, seed=seed)
    hypotheses = found(tiny.network(V, seed=seed), "tsd", 1000, encoded, nbest=8, max_sym_exp=3)[0]
    assert_same(hypotheses, tiny.ranked(expected, 8))


@pytest.mark.parametrize("seed", range(3))
def test_alignment_length_sums_all_alignments(seed):
    encoded = tiny.speech(4, seed=seed)
    expected = tiny.transcripts(V, encoded[0], 3, logsumexp, seed=seed)
    hypotheses = found(tiny.network(V, seed=seed), "alsd", 1000, encoded, nbest=100)[0]
    assert_same(hypotheses, tiny.ranked(expected, 100))


def never_blank():
    network = tiny.network(V)
    return network._replace(join=lambda *x: network.join(*x).index_fill(-1, torch.tensor([0]), -1e4))


def test_best_first_comes_to_an_end_without_blanks():
    hypotheses = found(never_blank(), "default", 2, tiny.speech(2), nbest=2)[0]
    assert len(hypotheses) == 2 and all(h.score < -1e4 for h in hypotheses)


def test_alignment_length_gives_what_came_farthest_if_nothing_ended():
    hypotheses = found(never_blank(), "alsd", 2, tiny.speech(4), nbest=2)[0]
    assert [len(h.yseq) for h in hypotheses] == [8, 8]


@pytest.mark.parametrize("seed", range(3))
def test_adaptive_expansion_with_a_wide_margin_is_a_search_over_all(seed):
    """One frame: all ways to at most two labels, and no alignment twice."""
    encoded = tiny.speech(1, seed=seed)
    expected = tiny.transcripts(V, encoded[0], 2, logsumexp, seed=seed)
    options = {"expansion_gamma": 1e9, "expansion_beta": 0, "nstep": 2}
    network = tiny.network(V, seed=seed)
    hypotheses = found(network, "maes", 3, encoded, nbest=3, **options)[0]
    assert_same(hypotheses, tiny.ranked(expected, 3))
    assert_same(found(network, "nsc", 3, encoded, nbest=3, nstep=2)[0], tiny.ranked(expected, 3))


def test_prefix_search_adds_the_way_from_a_shorter_hypothesis():
    """Two frames and one step: a label in the second frame comes from what the first frame left, blank or label."""
    decoder, joint = tiny.transducer(V)
    encoded = tiny.speech(2)
    with torch.no_grad():
        outputs = decoder(torch.tensor([[0, 1]]))
        log_probs = joint(encoded[:, :, None], outputs[:, None])[0].log_softmax(-1).double()
    blank, label = log_probs[:, :, 0], log_probs[:, 0, 1]
    joined = torch.logaddexp(label[0], blank[0, 0] + label[1])  # at the second frame, before anything is emitted there
    expected = float(joined + blank[1, 1])
    hypotheses = found(tiny.network(V), "nsc", 9, encoded, nbest=9)[0]
    assert {tuple(h.yseq.tolist()): h.score for h in hypotheses}[(0, 1)] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
def test_utterances_together_are_as_alone(kind, rnn_type):
    encoded, lengths = tiny.speech(9, 3), torch.tensor([9, 5, 7])
    engine = search(tiny.network(8, rnn_type), kind, 3, nbest=3)
    together = engine(encoded, lengths)
    for row, length in enumerate(lengths):
        alone = engine(encoded[row : row + 1, :length], lengths[row : row + 1])[0]
        assert_same(together[row], [(tuple(h.yseq.tolist()), h.score) for h in alone])


@pytest.mark.parametrize(
    ("kind", "steps_of_a_frame", "joins_of_a_frame"), [("tsd", 2, 2), ("alsd", 2, 2), ("nsc", 1, 1), ("maes", 3, 3)]
)
def test_hypotheses_and_utterances_share_the_calls(kind, steps_of_a_frame, joins_of_a_frame):
    calls = {"step": 0, "join": 0}
    network = tiny.network(8)

    def counted(name, function):
        def call(*args):
            calls[name] += 1
            return function(*args)

        return call

    counting = network._replace(step=counted("step", network.step), join=counted("join", network.join))
    num_frames = 10
    found(counting, kind, 5, tiny.speech(num_frames, 4))
    assert calls["join"] <= num_frames * joins_of_a_frame
    assert calls["step"] <= num_frames * steps_of_a_frame


def test_score_norm_ranks_by_label():
    encoded = tiny.speech(6)
    plain = found(tiny.network(V), "tsd", 20, encoded, nbest=20)[0]
    normed = found(tiny.network(V), "tsd", 20, encoded, nbest=20, score_norm=True)[0]
    assert [h.score for h in normed] == [h.score for h in sorted(plain, key=lambda h: -h.score / len(h.yseq))]
    assert [h.score for h in plain] == sorted((h.score for h in plain), reverse=True)


def test_nbest_of_the_options_comes_first():
    assert len(found(tiny.network(V), "tsd", 5, tiny.speech(4), nbest=4)[0]) == 4
    options = TransducerOptions(search_type="tsd", nbest=2)
    both = TransducerSearch(tiny.network(V), 5, options, nbest=4)(tiny.speech(4), torch.tensor([4]))
    assert len(both[0]) == 2


def test_hypotheses_begin_with_blank_and_have_no_end():
    hypothesis = found(tiny.network(V), "default", 3, tiny.speech(8))[0][0]
    assert hypothesis.yseq[0] == 0 and not hypothesis.has_eos
    assert hypothesis.tokens == hypothesis.yseq[1:].tolist()

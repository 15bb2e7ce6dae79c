"""The CTC prefix beam against the sum over all paths, the label-synchronous search, and the algorithm in plain loops."""
import itertools
import math

import pytest
import torch

from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.search.beam_search import BeamSearch
from espnet2.search.context_biasing import ContextScorer, Phrase
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from espnet2.search.length_bonus import LengthBonus
from espnet2.search.scorer import Scorer
from espnet2.search.time_synchronous import TimeSynchronousSearch
from test.espnet2.search.test_beam_search import build_scorers
from test.espnet2.search.test_ctc_prefix import BLANK, Head, brute_force


def logits_of(seed, num_frames, vocab_size, scale=1.0):
    return scale * torch.randn(1, num_frames, vocab_size, generator=torch.Generator().manual_seed(seed))


def found_by(search, logits, **limits):
    results = search(logits, torch.tensor([logits.size(1)] * len(logits)), **limits)
    return [{tuple(h.tokens): h.score for h in nbest} for nbest in results]


@pytest.mark.parametrize("num_frames", [1, 2, 4, 6])
def test_wide_beam_equals_the_sum_over_all_alignments(num_frames):
    """The ids of sos and eos are in no frame, so the sum over all paths runs without them."""
    logits = logits_of(num_frames, num_frames, 5)
    logits[:, :, 4] = -1e4
    search = CTCPrefixBeamSearch(Head(), {}, {"ctc": 1.0}, beam_size=1000, sos=4, eos=4)
    (found,) = found_by(search, logits)
    transcripts = brute_force(logits[0, :, :4].log_softmax(-1))
    assert len(found) == len(transcripts)
    for tokens, score in found.items():
        assert score == pytest.approx(float(transcripts[tokens]), abs=1e-5)
    assert math.fsum(math.exp(score) for score in found.values()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("seed", range(2))
@torch.no_grad()
def test_wide_beams_of_both_searches_find_the_same(seed):
    """With the same scorers a frame-synchronous and a label-synchronous search differ in what they drop only."""
    scorers = build_scorers(seed)
    scorers["hotwords"] = ContextScorer([Phrase((1, 2), 0.7)], 5, 4)
    weights = {"decoder": 0.5, "ctc": 0.8, "lm": 0.3, "length_bonus": 0.2, "hotwords": 1.0}
    ctc = scorers["ctc"].ctc
    encoded, lengths = torch.randn(1, 4, 8), torch.tensor([4])
    labels = BeamSearch(scorers, weights, 2000, 5, sos=4, eos=4)(encoded, lengths, maxlenratio=-6)[0]
    rest = {name: scorer for name, scorer in scorers.items() if name != "ctc"}
    frames = CTCPrefixBeamSearch(ctc, rest, weights, 2000, sos=4, eos=4)(encoded, lengths)[0]
    expected = {tuple(h.tokens): h for h in labels if h.scores["ctc"] > -1e4}
    assert len(frames) == len(expected)
    for hypothesis in frames:
        same = expected[tuple(hypothesis.tokens)]
        assert hypothesis.yseq.tolist() == same.yseq.tolist()
        assert hypothesis.score == pytest.approx(same.score, abs=1e-3)
        assert dict(hypothesis.scores) == pytest.approx(dict(same.scores), abs=1e-3)


def plain_search(log_probs, following, beam_size, num_candidates, ctc_weight, eos):
    """Algorithm 1 of Hannun et al. prefix by prefix; ``following(prefix)`` gives weighted scores of the next token."""
    add = lambda *values: float(torch.tensor(values, dtype=torch.float64).logsumexp(0))  # noqa: E731
    never = -math.inf
    beam, before = {(): (0.0, never)}, {}

    def token_score(prefix):
        return sum(float(following(prefix[:n])[prefix[n]]) for n in range(len(prefix)))

    for frame in log_probs:
        tokens = [int(c) for c in frame.argsort(descending=True) if int(c) not in (BLANK, eos)][:num_candidates]
        grown = {}
        for prefix, (blank, token) in beam.items():
            stay = [add(blank, token) + frame[BLANK], never]
            if prefix:
                stay[1] = token + frame[prefix[-1]]
                if prefix[:-1] in beam:
                    parent = beam[prefix[:-1]]
                    ready = parent[0] if prefix[-2:-1] == prefix[-1:] else add(*parent)
                    stay[1] = add(stay[1], ready + frame[prefix[-1]])
            grown[prefix] = tuple(map(float, stay))
        for prefix, (blank, token) in beam.items():
            for c in tokens:
                if (longer := (*prefix, c)) not in beam:
                    old = before.get(longer, (never, never))
                    ready = blank if prefix[-1:] == (c,) else add(blank, token)
                    grown[longer] = (float(add(*old) + frame[BLANK]), float(add(ready, old[1]) + frame[c]))
        best = sorted(grown, key=lambda p: ctc_weight * add(*grown[p]) + token_score(p), reverse=True)[:beam_size]
        rest = {p: v for p, v in grown.items() if p not in best and p[-1:] and p[-1] in tokens}
        # remembered as long as the parent stays
        before = {p: v for p, v in rest.items() if p[:-1] in best and p[:-1] in beam}
        beam = {p: grown[p] for p in best}
    totals = {p: ctc_weight * add(*v) + token_score(p) for p, v in beam.items()}
    return sorted(totals.items(), key=lambda item: item[1], reverse=True)


@pytest.mark.parametrize("seed", range(4))
def test_ctc_alone_equals_the_plain_algorithm(seed):
    logits = logits_of(seed, 25, 7, scale=2.0)
    search = CTCPrefixBeamSearch(Head(), {}, {"ctc": 1.0}, beam_size=3, sos=6, eos=6)
    expected = plain_search(logits[0].log_softmax(-1).double(), lambda prefix: torch.zeros(7), 3, 4, 1.0, 6)
    (nbest,) = search(logits, torch.tensor([25]))
    assert [tuple(h.tokens) for h in nbest] == [tokens for tokens, _ in expected]
    assert [h.score for h in nbest] == pytest.approx([score for _, score in expected], abs=1e-6)


class DecoderThatCannotJoin(TransformerDecoder):
    join = Scorer.join


@pytest.mark.parametrize("lm_type", ["transformer", "lstm"])
@pytest.mark.parametrize("decoder_type", [TransformerDecoder, DecoderThatCannotJoin])
@pytest.mark.parametrize("seed", range(2))
@torch.no_grad()
def test_time_synchronous_equals_the_plain_algorithm(seed, decoder_type, lm_type):
    """With decoder and LM asked for whole prefixes, without any cache."""
    scorers = build_scorers(seed, vocab_size=9)
    scorers["decoder"].__class__ = decoder_type
    if lm_type == "lstm":
        scorers["lm"] = SequentialRNNLM(9, unit=8).eval()
    ctc = scorers.pop("ctc").ctc
    weights = {"decoder": 0.6, "ctc": 0.4, "lm": 0.3, "length_bonus": 0.5}
    encoded, lengths = 2 * torch.randn(1, 12, 8), torch.tensor([12])

    def following(prefix):
        ids = torch.tensor([[8, *prefix]])
        logits, _ = scorers["decoder"](encoded, lengths, ids, torch.tensor([ids.size(1)]))
        lm = scorers["lm"](ids, None)[0]
        return 0.6 * logits[0, -1].log_softmax(-1) + 0.3 * lm[0, -1].log_softmax(-1) + 0.5

    search = TimeSynchronousSearch(ctc, scorers, weights, beam_size=3, sos=8, eos=8)
    expected = plain_search(ctc.log_softmax(encoded)[0].double(), following, 3, 4, 0.4, 8)
    (nbest,) = search(encoded, lengths)
    assert [tuple(h.tokens) for h in nbest] == [tokens for tokens, _ in expected]
    assert [h.score for h in nbest] == pytest.approx([score for _, score in expected], abs=1e-4)
    for hypothesis in nbest:
        total = sum(weights[name] * value for name, value in hypothesis.scores.items())
        assert hypothesis.score == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("kind", [CTCPrefixBeamSearch, TimeSynchronousSearch])
@torch.no_grad()
def test_batched_equals_single(kind):
    scorers = build_scorers(vocab_size=12)
    ctc = scorers.pop("ctc").ctc
    weights = {"decoder": 0.6, "ctc": 0.4, "lm": 0.3, "length_bonus": 0.2}
    search = kind(ctc, scorers, weights, beam_size=4, sos=11, eos=11)
    utterances = [3 * torch.randn(length, 8) for length in (17, 9, 1, 12)]
    padded = torch.nn.utils.rnn.pad_sequence(utterances, batch_first=True, padding_value=5.0)
    together = search(padded, torch.tensor([len(u) for u in utterances]))
    for utterance, nbest in zip(utterances, together):
        (alone,) = search(utterance[None], torch.tensor([len(utterance)]))
        assert [h.tokens for h in nbest] == [h.tokens for h in alone]
        assert [h.score for h in nbest] == pytest.approx([h.score for h in alone], abs=1e-4)


def test_limits_of_length():
    logits = logits_of(0, 10, 5, scale=4.0)
    search = CTCPrefixBeamSearch(Head(), {"length_bonus": LengthBonus(5)}, {"ctc": 1.0, "length_bonus": 3.0}, 5, sos=4, eos=4)
    assert max(len(tokens) for tokens in found_by(search, logits)[0]) > 3
    assert max(len(tokens) for tokens in found_by(search, logits, maxlenratio=-3)[0]) == 3
    assert min(len(tokens) for tokens in found_by(search, logits, maxlenratio=-3, minlenratio=-3)[0]) == 3
    assert found_by(search, logits, maxlenratio=-3, minlenratio=-4) == found_by(search, logits, maxlenratio=-3)


def test_only_blank_and_eos_left_is_no_crash():
    search = CTCPrefixBeamSearch(Head(), {}, {"ctc": 1.0}, beam_size=3, sos=1, eos=1)
    (found,) = found_by(search, torch.zeros(1, 4, 2))
    assert list(found) == [()]


def test_wide_beam_of_long_speech_stays_finite():
    logits = logits_of(1, 500, 6, scale=10.0)
    search = CTCPrefixBeamSearch(Head(), {}, {"ctc": 1.0}, beam_size=8, sos=5, eos=5)
    (found,) = found_by(search, logits)
    assert all(math.isfinite(score) for score in found.values())
    path = [t for t, _ in itertools.groupby(logits[0, :, :5].argmax(-1).tolist()) if t != BLANK]
    assert len(max(found, key=found.get)) == pytest.approx(len(path), abs=20)

"""The search against all possible transcripts, and its rules of length and ending."""
import itertools

import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.lm.transformer_lm import TransformerLM
from espnet2.search.beam_search import BeamSearch, max_tokens, min_tokens
from espnet2.search.ctc_prefix import CTCPrefixScorer
from espnet2.search.hypothesis import EndedHypotheses, Hypothesis, log_best
from espnet2.search.length_bonus import LengthBonus
from espnet2.search.scorer import Scorer

V, D, EOS = 5, 8, 4
WEIGHTS = {"decoder": 0.6, "ctc": 0.4, "lm": 0.3, "length_bonus": 0.2}


def build_scorers(seed=0, vocab_size=V):
    torch.manual_seed(seed)
    eos = vocab_size - 1
    return {
        "decoder": TransformerDecoder(vocab_size, D, attention_heads=2, linear_units=16, num_blocks=2).eval(),
        "ctc": CTCPrefixScorer(CTC(vocab_size, D).eval(), eos),
        "lm": TransformerLM(vocab_size, "sinusoidal", embed_unit=8, att_unit=8, head=2, unit=16, layer=2).eval(),
        "length_bonus": LengthBonus(vocab_size),
    }


def search_with(scorers, weights=WEIGHTS, beam_size=200, vocab_size=V, **options):
    eos = vocab_size - 1
    return BeamSearch(scorers, weights, beam_size, vocab_size, sos=eos, eos=eos, **options)


def as_rows(hypotheses):
    return [(h.yseq.tolist(), h.score) for h in hypotheses]


@torch.no_grad()
def score_of(tokens, scorers, encoded, weights):
    """The weighted score of tokens in a row, one whole pass per scorer."""
    ids = torch.tensor([[EOS, *tokens[:-1]]])
    lengths = torch.tensor([encoded.size(1)])
    picked = torch.tensor([tokens]).unsqueeze(2)
    total = weights["length_bonus"] * len(tokens)
    logits, _ = scorers["decoder"](encoded, lengths, ids, torch.tensor([len(tokens)]))
    total += weights["decoder"] * logits.log_softmax(-1).gather(2, picked).sum()
    total += weights["lm"] * scorers["lm"](ids, None)[0].log_softmax(-1).gather(2, picked).sum()
    ctc, state = scorers["ctc"], scorers["ctc"].start(encoded, lengths)
    for length, token in enumerate(tokens, 1):
        scores, state = ctc.score(ids[None, :, :length], state)
        total += weights["ctc"] * scores[0, 0, token]
        state = ctc.select(state, torch.zeros(1, 1, dtype=torch.long), torch.tensor([[token]]))
    return float(total)


@pytest.mark.parametrize("seed", range(3))
def test_wide_beam_equals_exhaustive_search(seed):
    scorers = build_scorers(seed)
    encoded = torch.randn(1, 6, D)
    longest = 3
    complete = {}
    for length in range(longest + 1):
        for tokens in itertools.product(range(1, EOS), repeat=length):
            if length < longest:
                complete[(EOS, *tokens, EOS)] = score_of((*tokens, EOS), scorers, encoded, WEIGHTS)
            else:  # at the limit eos is free
                complete[(EOS, *tokens, EOS)] = score_of(tokens, scorers, encoded, WEIGHTS)
            if length == longest - 1:  # and is given to those that have one, too
                complete[(EOS, *tokens, EOS, EOS)] = complete.pop((EOS, *tokens, EOS))
    expected = sorted(complete.items(), key=lambda item: item[1], reverse=True)
    found = search_with(scorers)(encoded, torch.tensor([6]), maxlenratio=-longest)[0]
    assert [tuple(h.yseq.tolist()) for h in found[:20]] == [tokens for tokens, _ in expected[:20]]
    for hypothesis, (_, score) in zip(found, expected):
        assert hypothesis.score == pytest.approx(score, abs=1e-4)
        total = sum(WEIGHTS[name] * value for name, value in hypothesis.scores.items())
        assert hypothesis.score == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("maxlenratio", [0.0, 0.5, -6.0])
@pytest.mark.parametrize("lm_type", ["transformer", "lstm", "gru"])
@torch.no_grad()
def test_batched_equals_single(maxlenratio, lm_type):
    vocab_size = 30  # more than the candidates: the pre-beam is at work
    scorers = build_scorers(vocab_size=vocab_size)
    if lm_type != "transformer":
        scorers["lm"] = SequentialRNNLM(vocab_size, unit=8, rnn_type=lm_type).eval()
    search = search_with(scorers, beam_size=4, vocab_size=vocab_size)
    assert search.use_pre_beam
    utterances = [torch.randn(length, D) for length in (17, 9, 12, 4)]
    padded = torch.nn.utils.rnn.pad_sequence(utterances, batch_first=True)
    together = search(padded, torch.tensor([len(u) for u in utterances]), maxlenratio)
    for utterance, nbest in zip(utterances, together):
        alone = search(utterance[None], torch.tensor([len(utterance)]), maxlenratio)[0]
        assert [h.yseq.tolist() for h in nbest] == [h.yseq.tolist() for h in alone]
        assert [h.score for h in nbest] == pytest.approx([h.score for h in alone], abs=1e-4)


@torch.no_grad()
def test_ctc_alone_judges_the_whole_vocabulary():
    scorers = build_scorers()
    weights = {"decoder": 0.0, "ctc": 1.0}
    search = search_with(scorers, weights, beam_size=3)
    assert not search.use_pre_beam
    assert set(search.scorers) == {"ctc"}
    best = search(torch.randn(1, 6, D), torch.tensor([6]))[0][0]
    assert set(best.scores) == {"ctc"}
    assert 0 not in best.yseq.tolist()


class Table(Scorer):
    """The same log-probabilities after every prefix, or other ones for each length."""

    def __init__(self, *rows):
        self.rows = torch.tensor(rows)

    def start(self, encoded, lengths):
        return None

    def score(self, prefixes, state, candidates=None):
        row = self.rows[min(prefixes.size(2), len(self.rows)) - 1]
        return row.expand(*prefixes.shape[:2], -1), state

    def select(self, state, parents, tokens):
        return state

    def keep(self, state, utterances):
        return state


def run(table, maxlenratio=0.0, minlenratio=0.0, frames=30, beam_size=2, **options):
    search = BeamSearch({"table": table}, {"table": 1.0}, beam_size, 3, sos=2, eos=2, **options)
    return search(torch.zeros(1, frames, 1), torch.tensor([frames]), maxlenratio, minlenratio)[0]


def test_length_limits():
    eager = Table([-9.0, -8.0, -0.1])
    assert as_rows(run(eager, maxlenratio=-5, minlenratio=-2))[0][0] == [2, 1, 1, 2]
    assert len(run(eager, maxlenratio=-5)[0].yseq) == 2
    never = Table([-1.0, -2.0, -1e4])
    assert as_rows(run(never, maxlenratio=-3))[0] == ([2, 0, 0, 0, 2], -3.0)
    assert max_tokens(50, 0.0) == 50
    assert max_tokens(50, 0.01) == 1
    assert max_tokens(50, -7.0) == 7
    assert min_tokens(50, 0.1) == 5
    assert min_tokens(50, -3.0) == 3


def test_end_detection_stops_early():
    # After one token everything but eos is hopeless: lengths further on fall far behind.
    table = Table([-0.1, -9.0, -9.0], [-20.0, -30.0, -0.1])
    found = run(table, frames=1000)
    assert found[0].yseq.tolist() == [2, 0, 2]
    assert max(len(h.yseq) for h in found) < 10


def test_minimum_length_is_lowered_when_nothing_ended():
    # 30 frames: at least 24 tokens (0.8) are not possible within 15 (0.5).
    found = run(Table([-1.0, -2.0, -3.0]), maxlenratio=0.5, minlenratio=0.8)
    assert found
    assert not run(Table([-1.0, -2.0, -3.0]), maxlenratio=-5, minlenratio=-9)


def test_ranking_by_score_per_token():
    table = Table([-1.0, -1e4, -1.5])
    plain = run(table, maxlenratio=-6)
    assert len(plain[0].yseq) == 2
    per_token = run(table, maxlenratio=-6, normalize_length=True)
    assert len(per_token[0].yseq) == max(len(h.yseq) for h in per_token)


def test_is_over_needs_three_hopeless_lengths():
    ended = EndedHypotheses()
    assert not ended.is_over(0)
    for length, score in ((2, -1.0), (5, -12.0), (6, -13.0), (7, -14.0)):
        assert not ended.is_over(7)
        ended.add(Hypothesis(torch.zeros(length, dtype=torch.long), score))
    assert ended.is_over(7)
    assert not ended.is_over(8)


def test_log_lines(caplog):
    caplog.set_level("INFO")
    log_best([Hypothesis(torch.tensor([2, 1, 2]), -3.0, {"decoder": -4.0, "ctc": -2.0})], {"decoder": 0.5, "ctc": 0.5})
    assert " -4.00 * 0.5 =  -2.00 for decoder" in caplog.text
    assert "total log probability: -3.00" in caplog.text
    assert "normalized log probability: -1.50" in caplog.text
    assert "total number of ended hypotheses: 1" in caplog.text
    log_best([], {})
    assert "no hypothesis ended" in caplog.text

"""CTC prefix scores against the sum over all alignments, and their invariants."""
import itertools
from functools import cache

import pytest
import torch

from espnet2.search import ctc_prefix, log_cumsum
from espnet2.search.ctc_prefix import LOGZERO, CTCPrefixScorer

BLANK = 0


class Head:
    """The encoder's output is the logits."""

    def log_softmax(self, hs_pad):
        return hs_pad.log_softmax(-1)


def collapse(path):
    return tuple(token for token, _ in itertools.groupby(path) if token != BLANK)


def brute_force(log_probs):
    """Probability of each transcript: the sum over all frame-wise paths that collapse to it."""
    num_frames, vocab_size = log_probs.shape
    transcripts = {}
    for path in itertools.product(range(vocab_size), repeat=num_frames):
        probability = sum(float(log_probs[frame, token]) for frame, token in enumerate(path))
        transcripts.setdefault(collapse(path), []).append(probability)
    return {key: torch.tensor(values, dtype=torch.float64).logsumexp(0) for key, values in transcripts.items()}


def prefix_probability(transcripts, prefix):
    values = [value for key, value in transcripts.items() if key[: len(prefix)] == prefix]
    return torch.stack(values).logsumexp(0) if values else torch.tensor(LOGZERO, dtype=torch.float64)


def close(actual, expected):
    torch.testing.assert_close(actual.double(), expected, atol=1e-5, rtol=1e-5)


def walk(scorer, state, tokens, eos, candidates=None):
    """Feed tokens one by one; the scores after the last one."""
    parent = torch.zeros(1, 1, dtype=torch.long)
    prefix = [eos]
    for token in tokens:
        _, state = scorer.score(torch.tensor([[prefix]]), state)
        state = scorer.select(state, parent, torch.tensor([[token]]))
        prefix.append(token)
    return scorer.score(torch.tensor([[prefix]]), state, candidates)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 5])
def test_equals_the_sum_over_all_alignments(num_frames):
    vocab_size, eos = 5, 4  # eos never occurs in a frame
    logits = torch.randn(1, num_frames, vocab_size, generator=torch.Generator().manual_seed(num_frames))
    logits[:, :, eos] = -1e4
    scorer = CTCPrefixScorer(Head(), eos)
    transcripts = brute_force(logits[0, :, :eos].log_softmax(-1))

    @cache
    def psi(prefix):
        return prefix_probability(transcripts, prefix)

    for length in range(num_frames):
        for prefix in itertools.product(range(1, eos), repeat=length):
            if psi(prefix) < LOGZERO / 2:
                continue  # repeated tokens need blanks between: too few frames
            scores, state = walk(scorer, scorer.start(logits, torch.tensor([num_frames])), prefix, eos)
            close(state.psi[0, 0], psi(prefix))
            for token in range(1, eos):
                expected = psi((*prefix, token))
                if expected > LOGZERO / 2:
                    close(scores[0, 0, token], expected - psi(prefix))
                else:
                    assert scores[0, 0, token] < -1e3
            end = transcripts.get(prefix)
            if end is not None:
                close(scores[0, 0, eos], end - psi(prefix))
            assert scores[0, 0, BLANK] < LOGZERO / 2


def recursion(log_probs, prefix, token, cuts=None):
    """Algorithm 2 as printed, frame by frame: log psi(prefix + token).

    With ``cuts`` token number i joins when only the first ``cuts[i]`` frames are known, and frames that come later hold
    nothing but blank after a prefix.
    """
    tokens = (*prefix, token)
    cuts = cuts or [len(log_probs)] * len(tokens)
    r_n = torch.full((cuts[0],), LOGZERO, dtype=torch.float64)
    r_b, psi = log_probs[: cuts[0], BLANK].cumsum(0), None
    for position, (label, num_frames) in enumerate(zip(tokens, cuts)):
        for frame in range(len(r_b), num_frames):
            r_n = torch.cat([r_n, r_n.new_tensor([LOGZERO])])
            r_b = torch.cat([r_b, r_b[-1:] + log_probs[frame, BLANK]])
        phi = r_b if position and label == tokens[position - 1] else torch.logaddexp(r_n, r_b)
        new_n, new_b = torch.full_like(r_n, LOGZERO), torch.full_like(r_b, LOGZERO)
        if position == 0:
            new_n[0] = log_probs[0, label]
        start = max(position, 1)
        psi = new_n[start - 1]
        for t in range(start, num_frames):
            new_n[t] = torch.logaddexp(new_n[t - 1], phi[t - 1]) + log_probs[t, label]
            new_b[t] = torch.logaddexp(new_n[t - 1], new_b[t - 1]) + log_probs[t, BLANK]
            psi = torch.logaddexp(psi, phi[t - 1] + log_probs[t, label])
        r_n, r_b = new_n, new_b
    return psi


@pytest.mark.parametrize("scale, few", [(1.0, 0), (20.0, 0), (20.0, 2000)])
def test_equals_the_printed_recursion_over_many_frames(scale, few, monkeypatch):
    """Also where the cumulative sums become thousands, as with a confident model."""
    monkeypatch.setattr(log_cumsum, "FEW", few)
    eos = 7
    log_probs = (scale * torch.randn(1, 400, 8, generator=torch.Generator().manual_seed(2))).log_softmax(-1)
    scorer = CTCPrefixScorer(Head(), eos)
    prefix = (3, 3, 1, 6, 2, 2, 5)
    scores, state = walk(scorer, scorer.start(log_probs, torch.tensor([400])), prefix, eos)
    before = recursion(log_probs[0].double(), prefix[:-1], prefix[-1])
    torch.testing.assert_close(state.psi[0, 0], before, atol=1e-5, rtol=1e-7)
    for token in range(1, eos):
        expected = recursion(log_probs[0].double(), prefix, token) - before
        torch.testing.assert_close(scores[0, 0, token].double(), expected, atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("dense_ratio", [0, 8])
def test_candidates_equal_the_whole_vocabulary(dense_ratio, monkeypatch):
    monkeypatch.setattr(ctc_prefix, "DENSE_RATIO", dense_ratio)
    eos = 19
    logits = torch.randn(1, 12, 20, generator=torch.Generator().manual_seed(0))
    scorer = CTCPrefixScorer(Head(), eos)
    for prefix in ((), (3,), (3, 3), (5, 1)):
        everything, _ = walk(scorer, scorer.start(logits, torch.tensor([12])), prefix, eos)
        candidates = torch.tensor([[[3, 0, 7, eos, 1, 5]]])
        some, _ = walk(scorer, scorer.start(logits, torch.tensor([12])), prefix, eos, candidates)
        torch.testing.assert_close(some, everything.gather(2, candidates))


@pytest.mark.parametrize("few", [0, 2000])
def test_padding_and_batching_change_nothing(few, monkeypatch):
    monkeypatch.setattr(log_cumsum, "FEW", few)
    eos = 5
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(9, 6, generator=generator), torch.randn(6, 6, generator=generator)
    padded = torch.stack([first, torch.cat([second, torch.full((3, 6), 7.0)])])
    scorer = CTCPrefixScorer(Head(), eos)
    state = scorer.start(padded, torch.tensor([9, 6]))
    prefixes = torch.full((2, 1, 1), eos)
    _, state = scorer.score(prefixes, state)
    # two hypotheses of each utterance, then one of the second utterance alone
    state = scorer.select(state, torch.zeros(2, 2, dtype=torch.long), torch.tensor([[1, 2], [3, 1]]))
    prefixes = torch.tensor([[[eos, 1], [eos, 2]], [[eos, 3], [eos, 1]]])
    scores, state = scorer.score(prefixes, state)
    for row, (logits, tokens) in enumerate([(first, (1, 2)), (second, (3, 1))]):
        for column, token in enumerate(tokens):
            alone, _ = walk(scorer, scorer.start(logits[None], torch.tensor([len(logits)])), (token,), eos)
            torch.testing.assert_close(scores[row, column], alone[0, 0])
    state = scorer.keep(state, torch.tensor([1]))
    state = scorer.select(state, torch.tensor([[1]]), torch.tensor([[4]]))
    scores, _ = scorer.score(torch.tensor([[[eos, 1, 4]]]), state)
    alone, _ = walk(scorer, scorer.start(second[None], torch.tensor([6])), (1, 4), eos)
    torch.testing.assert_close(scores, alone)


@pytest.mark.parametrize("few", [0, 2000])
def test_padding_has_no_room_for_tokens(few, monkeypatch):
    monkeypatch.setattr(log_cumsum, "FEW", few)
    scorer = CTCPrefixScorer(Head(), 5)
    padded = torch.randn(1, 30, 6, generator=torch.Generator().manual_seed(0))
    for length in (2, 3, 4):
        alone, _ = walk(scorer, scorer.start(padded[:, :length], torch.tensor([length])), (1, 2, 3), 5)
        among_others, _ = walk(scorer, scorer.start(padded, torch.tensor([length])), (1, 2, 3), 5)
        torch.testing.assert_close(among_others, alone)


def test_hypothesis_longer_than_the_speech_stays_finite():
    scorer = CTCPrefixScorer(Head(), 3)
    scores, _ = walk(scorer, scorer.start(torch.zeros(1, 2, 4), torch.tensor([2])), (1, 1, 2, 1), 3)
    assert scores.isfinite().all()


@pytest.mark.parametrize("cuts", [(20, 20, 20, 33, 33, 60), (4, 9, 30, 31, 60, 60), (60,) * 6])
def test_extension_equals_the_printed_recursion(cuts):
    eos, parent = 7, torch.zeros(1, 1, dtype=torch.long)
    log_probs = torch.randn(60, 8, generator=torch.Generator().manual_seed(3)).double().log_softmax(-1)
    encoded = log_probs.float()
    scorer = CTCPrefixScorer(Head(), eos)
    tokens = (3, 3, 1, 6, 6)
    state = scorer.start(encoded[None, : cuts[0]], torch.tensor([cuts[0]]))
    psi = 0.0
    for number, cut in enumerate(cuts):
        heard = state.probs.size(2)
        while heard < cut:  # in pieces of any size, none too
            piece = min(7, cut - heard)
            state = scorer.extend(scorer.extend(state, encoded[None, heard : heard + piece]), encoded[None, :0])
            heard += piece
        prefix = torch.tensor([[[eos, *tokens[:number]]]])
        scores, state = scorer.score(prefix, state)
        for token in (2, 6):
            expected = recursion(log_probs, tokens[:number], token, cuts[: number + 1]) - psi
            torch.testing.assert_close(scores[0, 0, token].double(), expected, atol=1e-4, rtol=1e-5)
        if number < len(tokens):
            psi = recursion(log_probs, tokens[:number], tokens[number], cuts[: number + 1])
            state = scorer.select(state, parent, torch.tensor([[tokens[number]]]))
            torch.testing.assert_close(state.psi[0, 0], psi, atol=1e-4, rtol=1e-5)


def test_extension_leaves_the_given_state_alone():
    scorer, encoded = CTCPrefixScorer(Head(), 5), torch.randn(1, 30, 6)
    state = scorer.extend(scorer.start(encoded[:, :10], torch.tensor([10])), encoded[:, 10:15])
    one, other = scorer.extend(state, encoded[:, 15:20]), scorer.extend(state, encoded[:, 20:30])
    prefix = torch.full((1, 1, 1), 5)
    for extended, rows in ((one, range(20)), (other, [*range(15), *range(20, 30)])):
        expected = scorer.start(encoded[:, list(rows)], torch.tensor([len(rows)]))
        torch.testing.assert_close(scorer.score(prefix, extended)[0], scorer.score(prefix, expected)[0])


def test_a_window_of_frames():
    """Frames that are forgotten say nothing about further tokens, and no state grows beyond the window."""
    scorer, encoded = CTCPrefixScorer(Head(), 5), torch.randn(1, 200, 6)
    encoded[:, 10:, 0] += 12.0  # nothing but blank after the tenth frame
    state = scorer.start(encoded[:, :20], torch.tensor([20]))
    whole = state
    for start in range(20, 200, 10):
        state = scorer.extend(state, encoded[:, start : start + 10], max_frames=25)
        whole = scorer.extend(whole, encoded[:, start : start + 10])
        assert state.probs.size(2) <= 25
        assert state.ready.size(3) == state.probs.size(2) + 1
    prefix = torch.full((1, 1, 1), 5)
    end = scorer.score(prefix, state)[0][0, 0, 5]
    torch.testing.assert_close(end, scorer.score(prefix, whole)[0][0, 0, 5])
    window = scorer.score(prefix, state)[0][0, 0, 1:5]
    assert bool((window < scorer.score(prefix, whole)[0][0, 0, 1:5]).all())


@pytest.mark.parametrize("tokens", [(), (1,), (2, 2), (3, 1, 3)])
def test_tokens_to_come_are_the_mean_over_all_alignments(tokens):
    eos = 4
    logits = 2.0 * torch.randn(1, 6, eos + 1, generator=torch.Generator().manual_seed(3))
    logits[:, :, eos] = -1e4
    scorer = CTCPrefixScorer(Head(), eos)
    state = scorer.start(logits, torch.tensor([6]))
    tokens_after = scorer.tokens_after(state)
    _, state = walk(scorer, state, tokens, eos)
    transcripts = brute_force(logits[0].log_softmax(-1))
    longer = {key: value.exp() for key, value in transcripts.items() if key[: len(tokens)] == tokens}
    expected = sum((len(key) - len(tokens)) * value for key, value in longer.items()) / sum(longer.values())
    close(scorer.tokens_to_come(state, tokens_after)[0, 0], expected)

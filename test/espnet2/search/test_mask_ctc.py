"""Mask-CTC search against a plain implementation of one utterance, and batches against single utterances."""

import math
from itertools import groupby

import pytest
import torch

from espnet2.asr.decoder.mlm_decoder import MLMDecoder
from espnet2.search.mask_ctc import MaskCTCSearch, best_path
from espnet2.utils.errors import InputError

V, D, SOS, MASK = 9, 8, 8, 9


def build(**options):
    torch.manual_seed(0)
    head, decoder = torch.nn.Linear(D, V), MLMDecoder(V, D, 2, 16, 2).eval()
    torch.nn.init.normal_(head.weight, std=2.0)

    def ctc(encoded):
        return head(encoded).log_softmax(-1)

    return MaskCTCSearch(ctc, decoder, MASK, SOS, SOS, **options)


def plain(search, encoded, num_iterations, threshold):
    """One utterance (T, D), in loops over lists."""
    frames = search.ctc(encoded.unsqueeze(0))[0].exp()
    runs = groupby(((int(frame.argmax()), float(frame.max())) for frame in frames), key=lambda pair: pair[0])
    found = [(label, max(prob for _, prob in run)) for label, run in runs if label != 0]
    tokens = [label if prob >= threshold else MASK for label, prob in found]
    ctc_score = sum(math.log(prob) for _, prob in found if prob >= threshold)
    decoder_score = 0.0
    masks = tokens.count(MASK)
    rounds = min(num_iterations, masks)
    for number in range(rounds):
        logits, _ = search.decoder(
            encoded.unsqueeze(0), torch.tensor([len(encoded)]), torch.tensor([tokens]), torch.tensor([len(tokens)])
        )
        probs = logits[0, :, :MASK].softmax(-1)
        open_places = [place for place, token in enumerate(tokens) if token == MASK]
        open_places.sort(key=lambda place: -float(probs[place].max()))
        chosen = open_places if number == rounds - 1 else open_places[: masks // rounds]
        for place in chosen:
            tokens[place] = int(probs[place].argmax())
            decoder_score += math.log(float(probs[place].max()))
    return tokens, {"ctc": ctc_score, "decoder": decoder_score}


@pytest.mark.parametrize("num_iterations", [1, 3, 10, 100])
@pytest.mark.parametrize("threshold", [0.0, 0.6, 0.9, 1.0])
@torch.no_grad()
def test_batches_equal_the_plain_search(num_iterations, threshold):
    search = build(n_iterations=num_iterations, threshold_probability=threshold)
    lengths = torch.tensor([31, 12, 1, 20])
    encoded = torch.randn(4, 31, D)
    together = search(encoded, lengths)
    for row, length in enumerate(lengths.tolist()):
        tokens, scores = plain(search, encoded[row, :length], num_iterations, threshold)
        (alone,) = search(encoded[row : row + 1, :length], lengths[row : row + 1])[0]
        for hypothesis in (alone, *together[row]):
            assert hypothesis.yseq.tolist() == [SOS, *tokens, SOS]
            assert hypothesis.scores == pytest.approx(scores, abs=1e-4)
            assert hypothesis.score == pytest.approx(sum(scores.values()), abs=1e-4)
            assert set(hypothesis.scores) == set(search.weights)


def test_the_best_path_keeps_repeated_tokens_that_a_blank_parts():
    path = torch.tensor([[0, 3, 3, 0, 3, 4, 4], [5, 0, 6, 6, 6, 6, 6]])
    confidence = torch.tensor([[0.9, 0.5, 0.8, 0.9, 0.7, 0.4, 0.6], [0.9, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9]])
    probs = ((1 - confidence) / (V - 1)).unsqueeze(2).repeat(1, 1, V).scatter(2, path.unsqueeze(2), confidence.unsqueeze(2))
    tokens, sure, lengths = best_path(probs.log(), torch.tensor([7, 2]), 0)
    assert tokens.tolist() == [[3, 3, 4], [5, 0, 0]] and lengths.tolist() == [3, 1]
    torch.testing.assert_close(sure[0].exp(), torch.tensor([0.8, 0.7, 0.6]))
    assert sure[1, 0].exp().item() == pytest.approx(0.9)


def test_decoder_calls_are_few_and_shared():
    search, calls, lengths = build(n_iterations=4, threshold_probability=1.0), [], torch.tensor([40, 3, 40])
    decoder = search.decoder

    def counting(encoded, *others):
        calls.append(len(encoded))
        return decoder(encoded, *others)

    search.decoder = counting
    search(torch.randn(3, 40, D), lengths)
    assert len(calls) == 4 and calls[0] == 3 and calls[-1] == 2  # the short one is done earlier


def test_nothing_but_blanks_is_an_empty_result():
    search = build()
    search.ctc = lambda encoded: torch.eye(V)[0].log().expand(*encoded.shape[:2], V)
    for nbest in search(torch.randn(2, 5, D), torch.tensor([5, 3])):
        assert [h.yseq.tolist() for h in nbest] == [[SOS, SOS]] and nbest[0].score == 0.0


def test_refusals():
    with pytest.raises(InputError, match="maskctc_n_iterations must be at least 1"):
        build(n_iterations=0)
    with pytest.raises(InputError, match="maskctc_threshold_probability is 1.5"):
        build(threshold_probability=1.5)

"""Error rates without a search."""

import pytest
import torch

from espnet2.asr.error_calculator import CTCErrorCalculator, ErrorCalculator
from espnet2.utils.errors import InputError

TOKENS = ["<blank>", "<unk>", "<space>", "a", "b", "c", "<sos/eos>"]


def ids(text, length):
    labels = [TOKENS.index("<space>" if char == " " else char) for char in text]
    return labels + [-1] * (length - len(labels))


def test_rates_over_the_whole_batch():
    """ab c -> ab b: 1 of 3 characters, 1 of 2 words; ca -> ca: none of 2, none of 1."""
    reference = torch.tensor([ids("ab c", 4), ids("ca", 4)])
    hypothesis = torch.tensor([ids("ab b", 4) + [6], ids("cabb", 4) + [6]])
    cer, wer = ErrorCalculator(TOKENS, "<space>", "<blank>")(hypothesis, reference)
    assert cer == pytest.approx(1 / 5) and wer == pytest.approx(1 / 3)


def test_only_what_is_asked_for():
    labels = torch.tensor([ids("ab", 2)])
    assert ErrorCalculator(TOKENS, "<space>", "<blank>", report_cer=False)(labels, labels) == (None, 0.0)
    assert ErrorCalculator(TOKENS, "<space>", "<blank>", report_wer=False)(labels, labels) == (0.0, None)


def test_ctc_collapses_repetitions_and_leaves_blanks_and_spaces_out():
    """a a blank a space b -> aab against ab: one insertion of two characters."""
    frames = torch.tensor([[3, 3, 0, 3, 2, 4]])
    calculator = CTCErrorCalculator(TOKENS, "<space>", "<blank>")
    assert calculator(frames, torch.tensor([ids("a b", 5)])) == pytest.approx(1 / 2)
    assert calculator(frames, torch.tensor([[-1, -1]])) is None


def test_ctc_needs_a_blank():
    with pytest.raises(InputError, match="no <blank>"):
        CTCErrorCalculator(TOKENS[1:], "<space>", "<blank>")

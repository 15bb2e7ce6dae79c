"""What a synthesiser is told."""

import numpy as np
import pytest
import torch

from espnet2.inference.tts_input import as_tensors, pieces_of


@pytest.mark.parametrize(
    "text, max_chars, by_sentence, expected",
    [
        ("One. Two.", 0, True, ["One. Two."]),
        ("One. Two.", 250, False, ["One. Two."]),
        ("One. Two.", 250, True, ["One.", "Two."]),
        ("One.\n***\nTwo.", 250, True, ["One.", "Two."]),
        ("***\n---\n", 250, True, ["***\n---\n"]),
        ("", 250, True, [""]),
        ("One two.", 4, False, ["One", "two."]),
    ],
)
def test_pieces(text, max_chars, by_sentence, expected):
    assert pieces_of(text, max_chars, by_sentence) == expected


def test_ids_stay_together():
    ids = np.arange(1000)
    assert pieces_of(ids, 10, True)[0] is ids


def test_tensors():
    given = {"sids": 3, "lids": np.array([1]), "spembs": np.ones((1, 4)), "durations": [1, 2], "speech": None}
    tensors = as_tensors(given, torch.float32, "cpu")
    assert {name: tuple(value.shape) for name, value in tensors.items()} == {
        "sids": (1,),
        "lids": (1,),
        "spembs": (4,),
        "durations": (2,),
    }
    assert tensors["spembs"].dtype == torch.float32 and tensors["durations"].dtype == torch.int64

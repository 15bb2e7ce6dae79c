"""What a synthesiser is told."""

import argparse

import numpy as np
import pytest
import torch

from espnet2.inference.tts_input import TextReader, as_tensors, pieces_of
from espnet2.utils.errors import InputError


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


class Letters:
    """Small letters are tokens."""

    def __call__(self, uid, data):
        return {"text": np.array([max(ord(c) - ord("a") + 1, 0) for c in data["text"]])}

    def unknown_tokens(self, text):
        return [c for c in text if not "a" <= c <= "z"]


def test_punctuation_without_tokens_is_left_out_and_told_once(caplog):
    reader = TextReader(Letters(), argparse.Namespace(token_list=["<unk>"], cleaner="none", token_type="char"), "cpu")
    assert reader.tokens("ab.").tolist() == reader.tokens("a, b.".replace(" ", "")).tolist() == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        f"The model has no tokens for {mark}: left out." for mark in ".,"
    ]
    with pytest.raises(InputError, match="only punctuation in '!!'"):
        reader.tokens("!!")
    with pytest.raises(InputError, match="does not know the tokens '#', '.'"):
        reader.tokens("a#.")

"""Words of a command line become values."""

import pytest

from espnet2.utils.types import int_or_none, parse_size, str2bool, str2triple_str, str_or_int


@pytest.mark.parametrize("word,value", [("yes", True), ("True", True), ("0", False), ("off", False)])
def test_booleans(word, value):
    assert str2bool(word) is value


@pytest.mark.parametrize("text,value", [("16k", 16000), ("8000", 8000), ("10MB", 10_000_000), ("1KiB", 1024), (22050, 22050)])
def test_sizes(text, value):
    assert parse_size(text) == value


def test_triples_and_none():
    assert str2triple_str("('a', b,c)") == ("a", "b", "c")
    assert int_or_none("Null") is None and str_or_int("300-400") == "300-400" and str_or_int("-5") == -5


@pytest.mark.parametrize("function,word", [(str2bool, "maybe"), (parse_size, "lots"), (str2triple_str, "a,b")])
def test_refusals(function, word):
    with pytest.raises(ValueError):
        function(word)

"""utils/sym2int.pl and utils/int2sym.pl."""

import pytest

SYMBOLS = "<eps> 0\nhi 1\nhö 2\n<unk> 3\n"


@pytest.fixture
def symbols(box):
    box.write("words.txt", SYMBOLS)
    return box


def test_there_and_back(symbols):
    text = "utt1 hi  hö hi\nutt2\n"
    numbers = symbols.run("sym2int.pl", "-f", "2-", "words.txt", stdin=text).stdout
    assert numbers == "utt1 1  2 1\nutt2\n"
    symbols.write("numbers", numbers)
    assert symbols.run("int2sym.pl", "-f", "2-", "words.txt", "numbers").stdout == text


@pytest.mark.parametrize("oov", ["<unk>", "3"])
def test_unknown_words_are_told_twenty_times(symbols, oov):
    result = symbols.run("sym2int.pl", "--map-oov", oov, "words.txt", stdin="nope\n" * 30)
    assert result.stdout == "3\n" * 30
    assert result.stderr.count("'nope' is not in words.txt") == 20
    assert "30 words were not in words.txt" in result.stderr


def test_refusals(symbols):
    assert "line 1: 'nope' is not in words.txt" in symbols.run("sym2int.pl", "words.txt", stdin="nope\n", code=1).stderr
    assert "--map-oov <x>: not in" in symbols.run("sym2int.pl", "--map-oov", "<x>", "words.txt", code=1).stderr
    assert "line 1: 9 is not in words.txt" in symbols.run("int2sym.pl", "words.txt", stdin="9\n", code=1).stderr
    symbols.write("bad", "a 1\na 2\n")
    assert "bad:2: 'a' stands here for the second time" in symbols.run("sym2int.pl", "bad", code=1).stderr
    symbols.write("bad", "a b\n")
    assert "bad:1: expected <symbol> <number>" in symbols.run("int2sym.pl", "bad", code=1).stderr

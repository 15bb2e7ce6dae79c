"""Tokens of each type, worked out by hand from the documented rules."""

import pickle

import pytest

from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.text.char_tokenizer import CharTokenizer
from espnet2.text.phoneme_tokenizer import PhonemeTokenizer
from espnet2.text.train_sentencepiece import train_sentencepiece
from espnet2.text.word_tokenizer import WordTokenizer
from espnet2.utils.errors import InputError


@pytest.fixture(scope="session")
def bpemodel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spm")
    lines = ["HELLO WORLD", "HELLO THERE", "THE WORLD IS WIDE", "LOW AND WIDE", "THERE IS A WORD"]
    (folder / "text").write_text("\n".join(lines * 5))
    train_sentencepiece(folder / "text", folder / "m", 24, "bpe", user_defined_symbols=["<laugh>"])
    return str(folder / "m.model")


@pytest.mark.parametrize(
    "options, line, tokens",
    [
        ({}, "A  bé", ["A", "<space>", "<space>", "b", "é"]),
        ({"space_symbol": "_"}, "a b", ["a", "_", "b"]),
        ({"non_linguistic_symbols": ["<a>", "<ab>", "<"]}, "x<ab>< <a>", ["x", "<ab>", "<", "<space>", "<a>"]),
        ({"non_linguistic_symbols": ["<a>"], "remove_non_linguistic_symbols": True}, "x<a>y", ["x", "y"]),
        ({"nonsplit_symbols": ["<sc>"]}, "a<sc>b", ["a", "<sc>", "b"]),
        ({}, "", []),
    ],
)
def test_char(options, line, tokens):
    tokenizer = CharTokenizer(**options)
    assert tokenizer.text2tokens(line) == tokens
    if not options.get("remove_non_linguistic_symbols"):
        assert tokenizer.tokens2text(tokens) == line


def test_word():
    tokenizer = WordTokenizer(non_linguistic_symbols=["<n>"], remove_non_linguistic_symbols=True)
    assert tokenizer.text2tokens(" a <n>  b<n> ") == ["a", "b<n>"]
    assert WordTokenizer(",").text2tokens("a b,c") == ["a b", "c"] and WordTokenizer(",").tokens2text("ab") == "a,b"


def test_bpe(bpemodel):
    tokenizer = build_tokenizer("bpe", bpemodel)
    tokens = tokenizer.text2tokens("HELLO <laugh> WORLD")
    assert "<laugh>" in tokens and tokens[0].startswith("▁") and "".join(tokens) == "▁HELLO▁<laugh>▁WORLD"
    assert tokenizer.tokens2text(tokens) == "HELLO <laugh> WORLD"
    assert pickle.loads(pickle.dumps(tokenizer)).text2tokens("HELLO <laugh> WORLD") == tokens


def test_phonemes():
    tokenizer = PhonemeTokenizer(None, non_linguistic_symbols=["<n>"])
    assert tokenizer.text2tokens("h e   j u <n> o") == ["h", "e", " ", "j", "u", "<n>", "o"]
    assert tokenizer.text2tokens("") == [] and tokenizer.tokens2text(["h", "e"]) == "he"


def test_symbols_from_file(tmp_path, caplog):
    (tmp_path / "nlsyms").write_text("<laugh>\n<cough> \n")
    tokenizer = build_tokenizer("char", non_linguistic_symbols=tmp_path / "nlsyms", nonsplit_symbol=["<sc>:-1"])
    assert tokenizer.text2tokens("<cough><sc>") == ["<cough>", "<sc>"]
    assert build_tokenizer("char", non_linguistic_symbols="none.txt").text2tokens("<") == ["<"]
    assert "none.txt does not exist" in caplog.text


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("wrod",), "Did you mean 'word'"),
        (("bpe",), "needs --bpemodel"),
        (("bpe", "none.model"), "none.model: no such"),
        (("phn", None, None, False, "", None, "g2p_fr"), "no g2p 'g2p_fr'. Known: none, g2p_en"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        build_tokenizer(*arguments)


def test_broken_model(tmp_path, bpemodel):
    (tmp_path / "x.model").write_text("no model")
    with pytest.raises(InputError, match="x.model: not a sentencepiece model"):
        build_tokenizer("bpe", tmp_path / "x.model").text2tokens("a")
    with pytest.raises(InputError, match="cannot be had with token_type bpe"):
        build_tokenizer("bpe", bpemodel, remove_non_linguistic_symbols=True)


@pytest.mark.parametrize(
    "size, message", [(500, "too large for this text: [0-9]+ at most"), (4, "too small: its characters need [0-9]+")]
)
def test_size_that_does_not_suit_the_text(tmp_path, size, message):
    (tmp_path / "text").write_text("\n".join(["HELLO WORLD HOW ARE YOU", "THE WORLD IS WIDE"] * 5))
    with pytest.raises(InputError, match=message):
        train_sentencepiece(tmp_path / "text", tmp_path / "m", size)
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
    (tmp_path / "text").write_text("\n\n")
    with pytest.raises(InputError, match="no text"):
        train_sentencepiece(tmp_path / "text", tmp_path / "m", 10)

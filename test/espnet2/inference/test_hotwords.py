"""Hotwords from files and lists."""
import pytest

from espnet2.inference.hotwords import read_hotwords
from espnet2.search.context_biasing import Phrase
from espnet2.text.char_tokenizer import CharTokenizer
from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.utils.errors import InputError

CONVERTER = TokenIDConverter(["<blank>", "<unk>", "<space>", "A", "B", "<sos/eos>"])


def read(hotwords, tokenizer=CharTokenizer()):  # noqa: B008
    return read_hotwords(hotwords, 1.5, tokenizer, CONVERTER)


def test_file_and_list(tmp_path, caplog):
    (tmp_path / "words").write_text("A B\t3\n\nAB\nXA\n")
    expected = [Phrase([3, 2, 4], 3.0), Phrase([3, 4], 1.5)]
    assert read(tmp_path / "words") == expected
    assert "hotword 'XA' is left out" in caplog.text
    assert read([("A B", 3), "AB", ""]) == expected
    assert read(None) == []


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="no tokenizer"):
        read(["A"], None)
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none")
    (tmp_path / "words").write_text("A\tx\n")
    with pytest.raises(InputError, match="words:1: 'x'"):
        read(str(tmp_path / "words"))

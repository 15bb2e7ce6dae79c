"""The token stage's lines and lists."""

import io
import sys

import pytest

from espnet2.bin.tokenize_text import main
from espnet2.text.vocabulary import build_vocabulary, parse_field
from espnet2.utils.errors import InputError


@pytest.mark.parametrize(
    "field, picked", [(None, "abcde"), ("2-", "bcde"), ("2-4", "bcd"), ("-3", "abc"), ("2", "b"), ("5-", "e"), ("7-", "")]
)
def test_field(field, picked):
    assert "abcde"[parse_field(field)] == picked


@pytest.mark.parametrize("field", ["0-", "x", "3-2", "-", "1-x"])
def test_no_field(field):
    if field == "-":
        assert "ab"[parse_field(field)] == "ab"
        return
    with pytest.raises(InputError, match="--field"):
        parse_field(field)


def test_vocabulary():
    lines = [list("bba"), list("acab"), list("d")]
    assert build_vocabulary(lines) == ["b", "a", "c", "d"]
    added = ["<blank>:0", "<unk>:1", "<eos>:-1", "a:-1"]
    assert build_vocabulary(lines, added) == ["<blank>", "<unk>", "b", "c", "d", "<eos>", "a"]
    assert build_vocabulary(lines, added[:2], size=4) == ["<blank>", "<unk>", "b", "a"]
    assert build_vocabulary(lines, cutoff=1) == ["b", "a"]
    with pytest.raises(InputError, match="no room"):
        build_vocabulary(lines, added, size=4)
    for word in ("<blank>", "<blank>:x"):
        with pytest.raises(InputError, match="expected <symbol>:<index>"):
            build_vocabulary(lines, [word])


def test_door(tmp_path, monkeypatch, capsys):
    (tmp_path / "text").write_text("u1 A  b\nu2 BA\nu3\n")
    main(["-f", "2-", "-i", str(tmp_path / "text"), "-o", str(tmp_path / "out"), "--cleaner", "tacotron"])
    assert (tmp_path / "out").read_text() == "A <space> B\nB A\n\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("u1 Aé A\n".encode())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out := io.BytesIO()))
    main(["-i", "-", "-o", "-", "-f", "2-", "-t", "word", "--write_vocabulary", "true", "--add_symbol", "<unk>:0"])
    sys.stdout.flush()
    assert out.getvalue().decode() == "<unk>\nAé\nA\n"

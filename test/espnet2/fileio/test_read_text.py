"""Small tables as dicts, and what they refuse with file and line."""

import pytest

from espnet2.fileio.read_text import load_num_sequence_text, parse_numbers, read_2columns_text
from espnet2.utils.errors import InputError


def _file(tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    return tmp_path / "t"


def test_two_columns(tmp_path):
    assert read_2columns_text(_file(tmp_path, "b x  y \na\nä 1".encode())) == {"b": "x  y", "a": "", "ä": "1"}


@pytest.mark.parametrize(
    "content, message",
    [
        (b"a 1\na 2\n", "t:2: the id 'a'"),
        (b"a 1\n\n", "t:2: empty line"),
        (b"a 1\r\n", "t:1: CR"),
        (b"a \xff\n", "t:1: not UTF-8"),
    ],
)
def test_refusals(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_2columns_text(_file(tmp_path, content))
    with pytest.raises(InputError, match="none: cannot be read"):
        read_2columns_text(tmp_path / "none")


@pytest.mark.parametrize(
    "loader_type, text, numbers",
    [("text_int", "3 4", [3, 4]), ("csv_int", "3,4", [3, 4]), ("text_float", "1 .5", [1.0, 0.5]), ("csv_float", "2", [2.0])],
)
def test_numbers(tmp_path, loader_type, text, numbers):
    assert parse_numbers(text, loader_type) == numbers
    assert load_num_sequence_text(_file(tmp_path, f"a {text}\n".encode()), loader_type) == {"a": numbers}


def test_no_numbers(tmp_path):
    with pytest.raises(InputError, match="t: 'a'.*csv_int"):
        load_num_sequence_text(_file(tmp_path, b"a 1,x\n"), "csv_int")
    with pytest.raises(InputError, match="Known: text_int"):
        parse_numbers("1", "int")

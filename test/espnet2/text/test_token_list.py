"""Ids are line numbers; a list that would mislead is refused."""

import numpy as np
import pytest

from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.text.token_list import read_token_list
from espnet2.utils.errors import InputError


def test_ids_are_line_numbers(tmp_path):
    (tmp_path / "tokens.txt").write_text("<blank>\n<unk>\n \n▁A \nß\n<sos/eos>\n", encoding="utf-8")
    converter = TokenIDConverter(tmp_path / "tokens.txt")
    assert converter.token_list == ["<blank>", "<unk>", " ", "▁A", "ß", "<sos/eos>"]
    assert converter.get_num_vocabulary_size() == 6
    assert converter.tokens2ids(["ß", " ", "never"]) == [4, 2, 1]
    assert converter.ids2tokens([3, 5]) == converter.ids2tokens(np.array([3, 5])) == ["▁A", "<sos/eos>"]
    assert read_token_list(converter.token_list) == converter.token_list
    with pytest.raises(ValueError, match="shape"):
        converter.ids2tokens(np.zeros((1, 2), dtype=int))


@pytest.mark.parametrize(
    "content, message",
    [
        ("a\n<unk>\na\n", "tokens.txt:3: the token 'a' stands in line 1"),
        ("a\n\nb\n", "tokens.txt:2: empty line"),
        ("", "no tokens"),
        ("a\nb\n", "no '<unk>'"),
        ("a\r\n<unk>\r\n", "tokens.txt:1: CR"),
    ],
)
def test_refusals(tmp_path, content, message):
    (tmp_path / "tokens.txt").write_bytes(content.encode())
    with pytest.raises(InputError, match=message):
        TokenIDConverter(tmp_path / "tokens.txt")
    with pytest.raises(InputError, match="none: no such token list"):
        read_token_list(tmp_path / "none")

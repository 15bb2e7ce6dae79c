"""Lines are dealt in turn, the same ones of every table."""

import pytest

from espnet2.bin.split_scps import main
from espnet2.utils.errors import InputError


def _tables(tmp_path, keys, other):
    (tmp_path / "wav.scp").write_text("".join(f"{key} {key}.wav\n" for key in keys))
    (tmp_path / "text").write_text("".join(f"{key} {key.upper()}\n" for key in other))
    return ["--scps", str(tmp_path / "wav.scp"), str(tmp_path / "text"), "--output_dir", str(tmp_path / "o"), "--num_splits"]


def test_round_robin(tmp_path):
    main([*_tables(tmp_path, "abcde", "abcde"), "2"])
    assert (tmp_path / "o" / "text" / "split.0").read_text() == "a A\nc C\ne E\n"
    assert (tmp_path / "o" / "wav.scp" / "split.1").read_text() == "b b.wav\nd d.wav\n"
    assert (tmp_path / "o" / "text" / "num_splits").read_text() == "2\n"


@pytest.mark.parametrize(
    "keys, other, number, message",
    [
        ("abc", "acb", "2", "text:2: id 'c' where .*wav.scp has 'b'"),
        ("abc", "ab", "2", "text:3: id '' where"),
        ("abc", "abc", "4", "3 lines"),
        ("abc", "abc", "1", "at least 2"),
    ],
)
def test_refusals(tmp_path, keys, other, number, message):
    with pytest.raises(InputError, match=message):
        main([*_tables(tmp_path, keys, other), number])
    assert not (tmp_path / "o" / "text" / "split.0").exists()

"""A file appears whole or not at all."""

import os

import pytest

from espnet2.utils.atomic import atomic_write


def test_written_whole_with_the_usual_permissions(tmp_path):
    path = tmp_path / "new" / "x.txt"
    with atomic_write(path, "w") as stream:
        stream.write("é")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "é"
    (tmp_path / "plain").write_text("")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_error_leaves_the_former_file(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path, "w") as stream:
        stream.write("half")
        raise RuntimeError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x.txt"]

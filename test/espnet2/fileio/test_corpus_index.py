"""A table read in place equals the dict of its lines, whatever its ids, and its cache never outlives it."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet2.fileio import corpus_index, scp_scan
from espnet2.fileio.corpus_index import ScpIndex, ShapeTable
from espnet2.fileio.scp_scan import hash_id, hash_ids
from espnet2.utils.errors import InputError


@pytest.fixture
def large(monkeypatch):
    """All tables count as large."""
    monkeypatch.setattr(corpus_index, "_SMALL_BYTES", 0)


def _write(path, lines):
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def test_mapping(tmp_path):
    path = _write(tmp_path / "text", ["utt2 b  c ", "ütt1\täö", "utt10", "a x"])
    index = ScpIndex(path)
    assert len(index) == 4 and list(index) == list(index.keys()) == ["utt2", "ütt1", "utt10", "a"]
    assert dict(index.items()) == {"utt2": "b  c", "ütt1": "äö", "utt10": "", "a": "x"}
    assert "utt1" not in index and "ütt1" in index and index.get("utt1") is None and index["a"] == "x"
    assert index.line_of("utt10") == 3 and index.row_of("a") == 3
    with pytest.raises(KeyError):
        index["utt1"]


def test_last_line_without_line_end(tmp_path):
    (tmp_path / "text").write_bytes(b"a 1\nb 23")
    assert dict(ScpIndex(tmp_path / "text").items()) == {"a": "1", "b": "23"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40), min_size=1, unique=True))
def test_any_ids(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("t") / "scp"
    index = ScpIndex(_write(path, [f"{key} {number}" for number, key in enumerate(ids)]))
    assert [index[key] for key in ids] == [str(number) for number in range(len(ids))]
    encoded = [key.encode() for key in ids]
    block = np.frombuffer(b"".join(encoded) + bytes(8), dtype=np.uint8)
    lengths = np.array([len(key) for key in encoded])
    hashes = hash_ids(block, np.cumsum(lengths) - lengths, lengths)
    assert hashes.tolist() == [hash_id(key) for key in encoded]


def test_many_blocks_equal_one(tmp_path, monkeypatch):
    path = _write(tmp_path / "scp", [f"speaker{n:05d}-{n * 7919 % 1000} /some/where/{n}.wav" for n in range(500)])
    whole = ScpIndex(path)
    monkeypatch.setattr(scp_scan, "_BLOCK_BYTES", 100)
    parts = ScpIndex(path)
    assert list(parts.items()) == list(whole.items()) and all(key in parts for key in whole)


def test_colliding_hashes_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_index, "hash_id", lambda key: 7)
    monkeypatch.setattr(scp_scan, "hash_ids", lambda block, starts, lengths: np.full(len(starts), 7, dtype=np.uint64))
    index = ScpIndex(_write(tmp_path / "scp", ["a 1", "b 2", "c 3"]))
    assert [index[key] for key in "abc"] == ["1", "2", "3"] and "d" not in index


def test_cache_is_used_and_made_anew(tmp_path, large, monkeypatch):
    path = _write(tmp_path / "scp", ["a 1", "b 2"])
    ScpIndex(path)
    assert (tmp_path / ".scp.index.npy").exists()
    with monkeypatch.context() as patch:
        patch.setattr(corpus_index, "scan_table", None)
        assert pickle.loads(pickle.dumps(ScpIndex(path)))["b"] == "2"
    _write(path, ["a 1", "c 2"])
    assert "c" in ScpIndex(path) and "b" not in ScpIndex(path)
    (tmp_path / ".scp.index.npy").write_bytes(b"broken")
    assert "c" in ScpIndex(path)


def test_folder_for_reading_only(tmp_path, large, monkeypatch):
    def refuse(*_args):
        raise OSError("read-only")

    monkeypatch.setattr(corpus_index, "atomic_write", refuse)
    assert ScpIndex(_write(tmp_path / "scp", ["a 1"]))["a"] == "1"
    assert os.listdir(tmp_path) == ["scp"]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"a 1\nb 2\na 3\n", r"scp:3: the id 'a' stands in line 1 already"),
        (b"a 1\nb 2\r\n", "scp:2: CR"),
        (b"a 1\n\nb 2\n", "scp:2: empty line"),
        (b"a 1\n b 2\n", "scp:2: empty line, or a blank"),
        (b"a 1\nb caf\xe9\n", "scp:2: not UTF-8"),
        (b"", "empty"),
    ],
)
def test_refusals(tmp_path, content, message):
    (tmp_path / "scp").write_bytes(content)
    with pytest.raises(InputError, match=message):
        ScpIndex(tmp_path / "scp")
    with pytest.raises(InputError, match="none: No such file"):
        ScpIndex(tmp_path / "none")


def test_shapes(tmp_path, large):
    path = _write(tmp_path / "shape", ["a 12,80", "b 3,80", "c 123456789,80"])
    for _ in range(2):  # made, then read back
        table = ShapeTable(path)
        assert table.first.dtype == np.int64 and table.first.tolist() == [12, 3, 123456789] and table.dims == (80,)
    assert pickle.loads(pickle.dumps(table)).first.tolist() == table.first.tolist()
    (tmp_path / "plain").write_bytes(b"a 7\nb 65")
    assert ShapeTable(tmp_path / "plain").first.tolist() == [7, 65] and ShapeTable(tmp_path / "plain").dims == ()


@pytest.mark.parametrize("line", ["b", "b x", "b 1x", "b ,3", "b -1"])
def test_no_shape(tmp_path, line):
    with pytest.raises(InputError, match="shape:2: expected"):
        ShapeTable(_write(tmp_path / "shape", ["a 1", line, "c 2"]))

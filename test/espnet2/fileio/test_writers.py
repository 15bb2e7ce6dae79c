"""Result folders and arrays as written and read back."""

import numpy as np
import pytest

from espnet2.fileio.datadir_writer import DatadirWriter
from espnet2.fileio.npy_scp import NpyScpReader, NpyScpWriter


def test_datadir_writer(tmp_path):
    with DatadirWriter(tmp_path / "out") as writer:
        best = writer["1best_recog"]
        best["text"]["a"], best["score"]["a"] = "hällo you", "-1.5"
        writer["1best_recog"]["text"]["b"] = ""
        with pytest.raises(RuntimeError, match="is a file"):
            best["text"]["below"]
        with pytest.raises(RuntimeError, match="is a folder"):
            best["a"] = "x"
        with pytest.raises(RuntimeError, match="'a' is written twice"):
            best["text"]["a"] = "x"
    assert (tmp_path / "out" / "1best_recog" / "text").read_text(encoding="utf-8") == "a hällo you\nb \n"


def test_npy_scp(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b/c": np.arange(3)}
    with NpyScpWriter(tmp_path / "d", tmp_path / "d.scp") as writer:
        for key, array in arrays.items():
            writer[key] = array
    reader = NpyScpReader(tmp_path / "d.scp")
    assert list(reader) == list(reader.keys()) == ["a", "b/c"] and len(reader) == 2 and "a" in reader
    assert all(np.array_equal(reader[key], array) for key, array in arrays.items())

"""Archives written here are read by kaldiio and the other way round; pickles are refused."""

import pickle

import kaldiio
import numpy as np
import pytest

from espnet2.fileio.kaldi_ark import KaldiArkWriter, read_ark
from espnet2.fileio.read_text import read_2columns_text
from espnet2.fileio.sound_scp import encode_audio
from espnet2.utils.errors import InputError


def test_arrays_there_and_back(tmp_path):
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3)
    with KaldiArkWriter(tmp_path / "f.ark", tmp_path / "f.scp") as writer:
        writer["a"], writer["b"] = matrix, matrix[0]
    references = read_2columns_text(tmp_path / "f.scp")
    assert np.array_equal(read_ark(references["a"]), matrix) and np.array_equal(read_ark(references["b"]), matrix[0])
    assert np.array_equal(read_ark(references["a"] + "[1:2]"), matrix[1:3])
    assert np.array_equal(kaldiio.load_scp(str(tmp_path / "f.scp"))["a"], matrix)


def test_kaldiio_reads_our_audio(tmp_path):
    samples = np.array([0, 1, -2, 3], dtype=np.int16)
    with KaldiArkWriter(tmp_path / "w.ark", tmp_path / "w.scp") as writer:
        writer.write_audio("a", encode_audio(samples / 2**15, 8000, "wav"))
    rate, read = kaldiio.load_scp(str(tmp_path / "w.scp"))["a"]
    assert rate == 8000 and np.array_equal(read * 2**15, samples)


def test_nothing_is_left_of_a_failed_write(tmp_path):
    with pytest.raises(RuntimeError):
        with KaldiArkWriter(tmp_path / "f.ark", tmp_path / "f.scp") as writer:
            writer["a"] = np.zeros(3, np.float32)
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_refusals(tmp_path):
    kaldiio.save_ark(str(tmp_path / "p.ark"), {"a": {"x": 1}}, write_function="pickle")
    assert pickle.dumps({"x": 1})[-5:] in (tmp_path / "p.ark").read_bytes()
    with pytest.raises(InputError, match="p.ark:2: a pickled entry"):
        read_ark(f"{tmp_path}/p.ark:2")
    with pytest.raises(InputError, match="none.ark"):
        read_ark(f"{tmp_path}/none.ark:2")
    (tmp_path / "bad.ark").write_bytes(b"a \0BFM \4\1\0")
    with pytest.raises(InputError, match="broken archive entry"):
        read_ark(f"{tmp_path}/bad.ark:2")

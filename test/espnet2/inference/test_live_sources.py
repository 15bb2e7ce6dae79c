"""Where live speech comes from."""

import io
import sys
import time

import numpy as np
import pytest
import soundfile

from espnet2.fileio.microphone import microphone_chunks
from espnet2.inference.live_sources import file_chunks, find_sources, in_real_time, raw_chunks
from espnet2.utils.errors import InputError

SAMPLES = (1000 * np.sin(np.arange(5000) / 9)).astype(np.int16)


class Dribble(io.RawIOBase):
    """A pipe that gives few bytes at a time, and cuts samples in two."""

    def __init__(self, data):
        self.data = data

    def read1(self, size):
        size = min(size, 7)
        given, self.data = self.data[:size], self.data[size:]
        return given


def test_raw_samples():
    for stream in (io.BytesIO(SAMPLES.tobytes()), Dribble(SAMPLES.tobytes())):
        np.testing.assert_array_equal(np.concatenate(list(raw_chunks(stream, 640))), SAMPLES)
    with pytest.raises(InputError, match="within a sample"):
        list(raw_chunks(io.BytesIO(b"abc"), 640))


def test_files_and_folders(tmp_path):
    (tmp_path / "sub").mkdir()
    soundfile.write(tmp_path / "sub" / "a.wav", SAMPLES, 8000)
    soundfile.write(tmp_path / "b.flac", np.stack([SAMPLES, SAMPLES], 1), 8000)
    soundfile.write(tmp_path / "c.wav", SAMPLES[:0], 8000)
    found = list(find_sources([str(tmp_path)], False, 8000, None, 640, False))
    assert [source.name for source in found] == [str(tmp_path / name) for name in ("b.flac", "c.wav", "sub/a.wav")]
    for source, num_samples in zip(found, (5000, 0, 5000)):
        chunks = list(source.chunks)
        assert [len(chunk) for chunk in chunks[:-1]] == [640] * (num_samples // 640)
        np.testing.assert_allclose(np.concatenate([*chunks, []]), SAMPLES[:num_samples] / 32768, atol=1e-6)
    assert sum(map(len, file_chunks(str(tmp_path / "b.flac"), 16000, 640))) == 10000
    with pytest.raises(InputError, match="no.wav"):
        next(next(find_sources([str(tmp_path / "no.wav")], False, 8000, None, 640, False)).chunks)


def test_real_time():
    began = time.monotonic()
    assert len(list(in_real_time([np.zeros(100)] * 3, 3000))) == 3
    assert time.monotonic() - began >= 0.1


def test_no_microphone(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(InputError, match=r"pip install .*\[microphone\]"):
        next(microphone_chunks(16000, 640))


def test_microphone(monkeypatch):
    class InputStream:
        def __init__(self, callback, **options):
            assert options == {"samplerate": 16000, "blocksize": 640, "channels": 1, "dtype": "int16"}
            callback(SAMPLES[:640, None], 640, None, None)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    fake = type(sys)("sounddevice")
    fake.InputStream, fake.PortAudioError = InputStream, RuntimeError
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    (source,) = find_sources([], True, 16000, None, 640, False)
    np.testing.assert_array_equal(next(source.chunks), SAMPLES[:640])

"""Samples written are the samples read; what a format cannot hold is refused."""

import numpy as np
import pytest
import soundfile

from espnet2.fileio.sound_scp import SoundScpReader, SoundScpWriter, check_format, encode_audio
from espnet2.utils.errors import InputError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
@pytest.mark.parametrize("subtype, dtype, bits", [(None, "int16", 16), ("PCM_24", "int32", 24)])
def test_integers_survive(tmp_path, audio_format, subtype, dtype, bits):
    levels = RNG.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (500, 2))
    (tmp_path / "x").write_bytes(encode_audio((levels / 2.0 ** (bits - 1)).astype(np.float32), 16000, audio_format, subtype))
    read, _ = soundfile.read(tmp_path / "x", dtype=dtype)
    assert np.array_equal(read >> (0 if bits == 16 else 8), levels)


def test_beyond_full_scale_is_clipped(tmp_path):
    (tmp_path / "x.wav").write_bytes(encode_audio(np.array([2.0, -2.0, 0.5]), 16000, "wav"))
    assert soundfile.read(tmp_path / "x.wav", dtype="int16")[0].tolist() == [32767, -32768, 16384]


@pytest.mark.parametrize("multi_columns", [False, True])
def test_writer_and_reader(tmp_path, multi_columns):
    samples = (RNG.integers(-99, 99, (200, 2)) / 2**15).astype(np.float32)
    with SoundScpWriter(tmp_path / "w", tmp_path / "wav.scp", "flac", multi_columns=multi_columns) as writer:
        writer["a"], writer["b/c"] = (8000, samples), (8000, -samples)
        assert not (tmp_path / "wav.scp").exists()
    reader = SoundScpReader(tmp_path / "wav.scp", multi_columns=multi_columns)
    assert list(reader) == ["a", "b/c"] and "a" in reader and len(reader) == 2
    assert (tmp_path / "w" / ("a-CH1.flac" if multi_columns else "a.flac")).exists()
    rate, read = reader["b/c"]
    assert rate == 8000 and np.array_equal(read, -samples)


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="Known: wav, flac"):
        check_format("mp5")
    with pytest.raises(InputError, match="flac has no coding 'FLOAT'"):
        check_format("flac", "FLOAT")
    with pytest.raises(InputError, match="9 channels"):
        encode_audio(np.zeros((10, 9)), 8000, "flac")
    for name, length in (("a", 10), ("b", 11)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(length), 8000)
    (tmp_path / "wav.scp").write_text(f"u {tmp_path}/a.wav {tmp_path}/b.wav\n")
    with pytest.raises(InputError, match="columns differ"):
        SoundScpReader(tmp_path / "wav.scp", multi_columns=True)["u"]

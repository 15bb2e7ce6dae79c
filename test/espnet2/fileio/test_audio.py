"""Every kind of sound file is read or refused by name; values against numpy's own, pieces against whole recordings."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet2.fileio.audio import audio_info, is_pipe, read_audio
from espnet2.fileio.kaldi_ark import KaldiArkWriter
from espnet2.fileio.sound_scp import encode_audio
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "a b.wav"
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, 1600).astype(np.int16)
    soundfile.write(path, samples, 16000, subtype="PCM_16")
    return str(path), samples


def _expected():
    table = SHARED / "data" / "dirty" / "expected.tsv"
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    return [line.split("\t") for line in lines if not line.startswith("#")]


# Read, and refused later by whoever knows how long an utterance must be.
_SHORT = ("10ms.wav", "1sample.wav")


@needs_shared
@pytest.mark.parametrize("name, expectation", _expected())
def test_dirty_files_are_read_or_refused_by_name(name, expectation):
    path = str(SHARED / "data" / "dirty" / name)
    if expectation.startswith("ok") or name in _SHORT or "read to EOF" in expectation:
        samples, rate = read_audio(path)
        assert np.isfinite(samples).all()
        info = audio_info(path)
        assert (info.num_samples, info.sample_rate) == (len(samples), rate)
    else:
        with pytest.raises(InputError, match=name):
            read_audio(path)


@needs_shared
def test_containers_of_one_signal_agree():
    folder = SHARED / "data" / "dirty"
    reference, _ = read_audio(str(folder / "clean16k.wav"))
    for name in ("clean.flac", "pcm32.wav", "float32.wav", "float64.wav", "sphere.sph", "aiff.aiff", "rf64.wav"):
        samples, rate = read_audio(str(folder / name))
        assert rate == 16000 and np.array_equal(samples, reference), name


def test_values_and_shapes(wav, tmp_path):
    path, samples = wav
    read, rate = read_audio(path)
    assert rate == 16000 and read.dtype == np.float32 and np.array_equal(read, samples / np.float32(2**15))
    assert np.array_equal(read_audio(path, "int16")[0], samples)
    stereo = str(tmp_path / "stereo.flac")
    soundfile.write(stereo, np.stack([samples, -(samples // 2)], axis=1), 8000)
    assert read_audio(stereo)[0].shape == (1600, 2)
    assert audio_info(stereo) == (1600, 8000, 2, "PCM_16", "FLAC")


def test_piece_is_a_slice_of_the_whole(wav):
    path, samples = wav
    whole, _ = read_audio(path)
    for start, end, expected in [(0.01, 0.05, whole[160:800]), (0.05, -1, whole[800:]), (None, 0.3, whole)]:
        assert np.array_equal(read_audio(path, "float32", start, end)[0], expected)
    for start, end in [(0.2, 0.3), (0.05, 0.05), (0.0, 0.8)]:
        with pytest.raises(InputError, match="no piece"):
            read_audio(path, "float32", start, end)


def test_pipe(wav):
    path, samples = wav
    assert is_pipe("cat x | ") and not is_pipe("x.wav")
    assert np.array_equal(read_audio(f"cat '{path}' |", "int16")[0], samples)
    with pytest.raises(InputError, match="exit code 3: alas"):
        read_audio("echo alas >&2; exit 3 |")
    with pytest.raises(InputError, match="exit code 1"):
        read_audio("false | cat |")
    with pytest.raises(InputError, match="wrote nothing"):
        read_audio("true |")


def test_streamed_wav_of_unknown_length(wav, tmp_path):
    path, samples = wav
    for size in (0xFFFFFFFF, 0x7FFFF000):
        content = bytearray(Path(path).read_bytes())
        content[40:44] = struct.pack("<I", size)
        (tmp_path / "streamed.wav").write_bytes(content)
        assert np.array_equal(read_audio(f"cat {tmp_path}/streamed.wav |", "int16")[0], samples)


@pytest.mark.parametrize("audio_format", ["wav", "flac", "aiff", "nist"])
def test_truncation_is_noticed(tmp_path, audio_format):
    path = tmp_path / f"x.{audio_format}"
    noise = np.random.default_rng(0).integers(-9999, 9999, 8000).astype(np.int16)
    soundfile.write(path, noise, 8000, format=audio_format.upper())
    read_audio(str(path))
    path.write_bytes(path.read_bytes()[:-3001])
    with pytest.raises(InputError, match=path.name):
        read_audio(str(path))


def test_archive_entry(tmp_path):
    samples = np.sin(np.arange(800) / 9).astype(np.float32)
    with KaldiArkWriter(tmp_path / "a.ark", tmp_path / "a.scp") as writer:
        references = [writer.write_audio(str(n), encode_audio(samples / n, 8000, "flac")) for n in (1, 2)]
    read, rate = read_audio(references[1])
    assert rate == 8000 and np.abs(read - samples / 2).max() < 1e-4
    with pytest.raises(InputError, match="no audio at this place"):
        read_audio(f"{tmp_path}/a.ark:1")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such audio file"):
        read_audio(str(tmp_path / "none.wav"))
    with pytest.raises(InputError, match="folder"):
        read_audio(str(tmp_path))

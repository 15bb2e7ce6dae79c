"""A data folder's audio to feature archives."""

import zlib

import kaldiio
import numpy as np
import pytest
import soundfile

from espnet2.bin.make_fbank_pitch import main
from espnet2.fileio.kaldi_fbank import kaldi_fbank
from espnet2.fileio.kaldi_pitch import PitchOptions, kaldi_pitch
from espnet2.fileio.read_text import read_2columns_text
from espnet2.fileio.signal import resample
from espnet2.utils.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Three recordings of a second: two of 16 kHz and one of 8 kHz with two channels, read through a pipe."""
    random = np.random.default_rng(0)
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * random.standard_normal(16000), 16000, "FLOAT")
    soundfile.write(tmp_path / "c.wav", 0.1 * random.standard_normal((8000, 2)), 8000, "FLOAT")
    lines = [f"a {tmp_path}/a.wav", f"b {tmp_path}/b.wav", f"c cat {tmp_path}/c.wav |"]
    (tmp_path / "wav.scp").write_text("\n".join(lines) + "\n")
    return tmp_path


def run(folder, *words):
    main([*words, str(folder / "wav.scp"), str(folder / "out")])
    return dict(kaldiio.load_scp(str(folder / "out" / "feats.scp")))


def expected(utterance, samples, num_bands=80):
    seed = zlib.crc32(utterance.encode())
    fbank = kaldi_fbank(samples * 32768, {"num_mel_bins": num_bands}, seed)
    return np.concatenate([fbank, kaldi_pitch(samples * 32768, PitchOptions(), np.random.default_rng(seed))], 1)


def test_features_and_their_tables(folder):
    features = run(folder, "--ref_channels", "0")
    assert list(features) == ["a", "b", "c"]
    for name in "ab":
        assert np.array_equal(
            features[name], expected(name, soundfile.read(folder / f"{name}.wav", dtype="float32")[0])
        )
    first = soundfile.read(folder / "c.wav", dtype="float32")[0][:, 0]
    assert np.array_equal(features["c"], expected("c", resample(first, 8000, 16000)))
    assert read_2columns_text(folder / "out" / "feats_shape") == dict.fromkeys("abc", "98,83")
    assert read_2columns_text(folder / "out" / "utt2num_frames") == dict.fromkeys("abc", "98")
    assert read_2columns_text(folder / "out" / "utt2num_samples") == dict.fromkeys("abc", "16000")


def test_segments_speeds_and_filterbank_alone(folder):
    (folder / "segments").write_text("a1 a 0.1 0.6\nb1 b 0.0 -1\n")
    (folder / "reco2speed").write_text("b 0.9\n")
    words = ("--segments", str(folder / "segments"), "--reco2speed", str(folder / "reco2speed"), "--add_pitch", "false")
    features = run(folder, *words)
    piece = soundfile.read(folder / "a.wav", dtype="float32")[0][1600:9600]
    assert np.array_equal(features["a1"], expected("a1", piece)[:, :80])
    assert features["b1"].shape == (109, 80)  # 1.111 s


def test_configuration_files(folder):
    (folder / "fbank.conf").write_text("--sample-frequency=16000\n--num-mel-bins=40\n--use-energy=true\n")
    (folder / "pitch.conf").write_text("--sample-frequency=16000\n--frame-shift=20\n")
    words = ("--ref_channels", "0", "--fbank_config", str(folder / "fbank.conf"))
    assert {matrix.shape for matrix in run(folder, *words).values()} == {(98, 44)}
    with pytest.raises(InputError, match="sample-frequency is 16000, but the audio is brought to 8000 Hz"):
        run(folder, *words, "--fs", "8k")
    with pytest.raises(InputError, match="98 frames of filterbank, but 49 of pitch"):
        run(folder, *words, "--pitch_config", str(folder / "pitch.conf"))


def test_bad_audio_is_told_and_nothing_written(folder):
    soundfile.write(folder / "b.wav", np.zeros(100), 16000)
    with pytest.raises(InputError) as error:
        run(folder)
    assert "2 of 3 utterances" in str(error.value)
    assert "wav.scp:2: 'b': too short for features" in str(error.value)
    assert "wav.scp:3: 'c'" in str(error.value) and "2 channels where 1 is expected" in str(error.value)
    assert not (folder / "out" / "feats.scp").exists()

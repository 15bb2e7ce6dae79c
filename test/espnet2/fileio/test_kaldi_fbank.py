"""Kaldi's filterbank against its formulas, and Kaldi's option files."""

import numpy as np
import pytest
import torch

from espnet2.fileio.kaldi_fbank import fbank_defaults, kaldi_fbank, read_kaldi_config
from espnet2.fileio.kaldi_pitch import PitchOptions
from espnet2.utils.errors import InputError

NO_DITHER = {"dither": 0.0, "num_mel_bins": 80, "sample_frequency": 16000.0}


def frame_by_hand(samples: np.ndarray, num_bands: int) -> np.ndarray:
    """Offset away, pre-emphasis, Povey's window, power, triangles that are even in mel, logarithm."""
    frame = samples - samples.mean()
    frame = frame - 0.97 * np.concatenate([frame[:1], frame[:-1]])
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(frame)) / (len(frame) - 1))) ** 0.85
    power = np.abs(np.fft.rfft(frame * window, 512)) ** 2

    def mel(hz: np.ndarray | float) -> np.ndarray:
        return 1127.0 * np.log(1.0 + np.asarray(hz) / 700.0)

    edges = np.linspace(mel(20.0), mel(8000.0), num_bands + 2)
    bins = mel(np.arange(256) * 16000 / 512)
    bands = []
    for low, middle, high in zip(edges, edges[1:], edges[2:]):
        triangle = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)).clip(min=0)
        bands.append(triangle @ power[:256])
    return np.log(np.maximum(bands, np.finfo(np.float32).eps))


def test_a_frame_by_hand():
    samples = 1000 * np.random.default_rng(0).standard_normal(16000)
    features = kaldi_fbank(samples, NO_DITHER, 0)
    assert features.shape == (98, 80) and features.dtype == np.float32
    for t in (0, 41, 97):
        assert np.allclose(features[t], frame_by_hand(samples[160 * t : 160 * t + 400], 80), atol=1e-3)


def test_dither_comes_from_the_seed_and_leaves_the_global_state():
    samples = np.zeros(4000)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (kaldi_fbank(samples, {}, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert one.shape == (23, 23) and np.array_equal(one, same) and not np.allclose(one, other)
    assert one.std() > 0  # Kaldi's default is to dither


def test_option_files(tmp_path):
    path = tmp_path / "fbank.conf"
    path.write_text(
        "# 16 kHz\n--sample-frequency=16000  # Hz\n\n--num-mel-bins=80\n--use-energy=true\n--snip-edges=false\n"
    )
    assert read_kaldi_config(path, fbank_defaults()) == {
        "sample_frequency": 16000.0,
        "num_mel_bins": 80,
        "use_energy": True,
        "snip_edges": False,
    }
    path.write_text("--min-f0=60\n")
    assert read_kaldi_config(path, vars(PitchOptions())) == {"min_f0": 60.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("--num-mel-bin=80", r"fbank.conf:1: '--num-mel-bin=80' is not supported. Did you mean 'num_mel_bins'\?"),
        ("\nnum-mel-bins=80", "fbank.conf:2: 'num-mel-bins=80' is not supported"),
        ("--num-mel-bins=many", "'many' is no int"),
        ("--waveform=x", "is not supported"),
    ],
)
def test_wrong_option_files(tmp_path, text, message):
    path = tmp_path / "fbank.conf"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_kaldi_config(path, fbank_defaults())


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_kaldi_config(tmp_path / "none.conf", fbank_defaults())
    with pytest.raises(InputError, match="too short for features: 399 samples"):
        kaldi_fbank(np.zeros(399), NO_DITHER, 0)

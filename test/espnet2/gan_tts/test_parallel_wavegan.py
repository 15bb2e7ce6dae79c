"""Generators in the files of the package ParallelWaveGAN."""

import numpy as np
import pytest
import torch
import yaml

from espnet2.gan_tts.hifigan.generator import HiFiGANGenerator
from espnet2.gan_tts.parallel_wavegan import load_generator, save_generator
from espnet2.layers.global_mvn import GlobalMVN
from espnet2.utils.errors import InputError
from test.espnet2.gan_tts.tiny_gan import BLOCKS, HOP, UPSAMPLING, tiny_vocoder


@pytest.fixture
def folder(tmp_path):
    """As the package writes it: normalised weights, and statistics apart."""
    params = {"in_channels": 20, "channels": 8, **UPSAMPLING, **BLOCKS}
    generator = HiFiGANGenerator(**params)
    torch.save({"model": {"generator": generator.state_dict()}}, tmp_path / "checkpoint-10steps.pkl")
    config = {"generator_type": "HiFiGANGenerator", "generator_params": params, "sampling_rate": 16000, "hop_size": HOP}
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    np.save(tmp_path / "stats.npy", np.stack([np.full(20, 2.0), np.full(20, 0.5)]))
    return tmp_path, generator


@torch.no_grad()
def test_load(folder):
    path, generator = folder
    vocoder, rate, hop = load_generator(path / "checkpoint-10steps.pkl")
    assert (rate, hop) == (16000, HOP)
    feats = torch.randn(7, 20)
    normalized = (feats - 2.0) / 0.5
    torch.testing.assert_close(vocoder(feats), generator(normalized.T[None]).flatten())
    torch.testing.assert_close(vocoder(normalized, normalize_before=False), vocoder(feats))


@torch.no_grad()
def test_what_is_saved_makes_the_same(tmp_path):
    np.savez(tmp_path / "stats.npz", count=2, sum=np.full(20, 4.0), sum_square=np.full(20, 16.0))
    model = tiny_vocoder(GlobalMVN(tmp_path / "stats.npz")).eval()
    own = model.tts.vocoder(model.normalize)
    features = {**model.feats_extract.get_parameters(), "fs": model.tts.fs}
    loaded, *_ = load_generator(save_generator(tmp_path / "out", own, model.tts.generator_params, features))
    feats = torch.randn(7, 20)
    torch.testing.assert_close(loaded(feats), own(feats))
    torch.testing.assert_close(
        own(feats), model.tts.inference(torch.zeros(1), model.normalize(feats[None])[0][0])["wav"]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    (
        ({"generator_type": "VQVAE"}, "does not have it"),
        ({"sampling_rate": None}, "has no 'sampling_rate'"),
        ({"hop_size": 80}, "hop_size is 80, but generator_params make 64"),
        ({"generator_params": {"in_channels": 20, "use_causal_conv": True}}, "use_causal_conv"),
        ({"generator_params": {"in_channels": 20, "chanels": 8}}, "channels"),
    ),
)
def test_refusals(folder, change, message):
    path, _ = folder
    config = {**yaml.safe_load((path / "config.yml").read_text()), **change}
    config = {name: value for name, value in config.items() if value is not None}
    (path / "config.yml").write_text(yaml.safe_dump(config))
    with pytest.raises(InputError, match=message):
        load_generator(path / "checkpoint-10steps.pkl")


def test_files_that_are_no_weights(folder):
    path, _ = folder
    (path / "broken.pkl").write_bytes(b"nothing")
    torch.save({"epoch": 1}, path / "other.pkl")
    for name, message in (("broken.pkl", "cannot be read"), ("other.pkl", "no generator"), ("absent.pkl", "no file")):
        with pytest.raises(InputError, match=message):
            load_generator(path / name)

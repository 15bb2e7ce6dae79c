"""Normalisation by the statistics of the training set."""

import numpy as np
import pytest
import torch

from espnet2.layers.global_mvn import GlobalMVN
from espnet2.utils.errors import InputError


@pytest.fixture
def frames():
    return np.random.default_rng(0).normal(3.0, 2.0, (50, 4)).astype(np.float32)


@pytest.fixture
def stats_file(tmp_path, frames):
    path = tmp_path / "feats_stats.npz"
    np.savez(path, count=len(frames), sum=frames.sum(0), sum_square=(frames**2).sum(0))
    return path


def test_brings_the_training_set_to_mean_zero_and_deviation_one(frames, stats_file):
    x, lengths = GlobalMVN(stats_file)(torch.from_numpy(frames)[None])
    assert lengths.tolist() == [50]
    assert torch.allclose(x.mean(1), torch.zeros(1, 4), atol=1e-5)
    assert torch.allclose(x.std(1, unbiased=False), torch.ones(1, 4), atol=1e-4)


def test_the_matrix_form_of_statistics_is_the_same(tmp_path, frames, stats_file):
    matrix = np.zeros((2, 5))
    matrix[0, :4], matrix[1, :4], matrix[0, 4] = frames.sum(0), (frames**2).sum(0), len(frames)
    np.save(tmp_path / "stats.npy", matrix)
    new, old = GlobalMVN(stats_file), GlobalMVN(tmp_path / "stats.npy")
    assert torch.allclose(new.mean, old.mean) and torch.allclose(new.std, old.std)


@pytest.mark.parametrize("options", [{}, {"norm_means": False}, {"norm_vars": False}])
def test_padding_stays_zero_and_the_inverse_gives_the_features_back(stats_file, options):
    mvn = GlobalMVN(stats_file, **options)
    x = torch.randn(2, 6, 4)
    x[1, 4:] = 0.0
    lengths = torch.tensor([6, 4])
    y, _ = mvn(x, lengths)
    assert y[1, 4:].abs().max() == 0
    assert torch.allclose(mvn.inverse(y, lengths)[0], x, atol=1e-5)


def test_double_precision_statistics_of_a_checkpoint_are_accepted(stats_file):
    mvn = GlobalMVN(stats_file)
    mvn.load_state_dict({"mean": torch.zeros(4, dtype=torch.float64), "std": torch.full((4,), 2.0, dtype=torch.float64)})
    x = torch.randn(1, 3, 4)
    assert torch.equal(mvn(x)[0], x / 2)


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="missing.npz is missing"):
        GlobalMVN(tmp_path / "missing.npz")
    np.savez(tmp_path / "other.npz", count=1, total=2)
    with pytest.raises(InputError, match="sum, sum_square not found"):
        GlobalMVN(tmp_path / "other.npz")
    np.save(tmp_path / "vector.npy", np.zeros(3))
    with pytest.raises(InputError, match="shape"):
        GlobalMVN(tmp_path / "vector.npy")

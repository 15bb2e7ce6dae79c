import numpy as np
import pytest
import torch
from tiny_training import DIM, TinyFactory, TinyModel, utterance

from espnet2.train.collect_stats import RunningSums, collect_stats


class WithVector(TinyModel):
    """Batches also hold a vector without lengths."""

    def collect_feats(self, x, x_lengths, spembs):
        return {"feats": x, "feats_lengths": x_lengths, "spembs": spembs}


def batches(ids, batch_size):
    for names, batch in TinyFactory(ids, batch_size).build_iter(1):
        yield names, {**batch, "spembs": torch.full((len(names), 2), 3.0)}


def test_files_and_sums(tmp_path):
    collect_stats(WithVector(), batches(range(7), 3), batches([8], 1), tmp_path, write_collected_feats=True)
    train = tmp_path / "train"
    frames = np.concatenate([utterance(n) for n in range(7)])
    stats = np.load(train / "feats_stats.npz")
    assert int(stats["count"]) == len(frames)
    np.testing.assert_allclose(stats["sum"], frames.sum(0))
    np.testing.assert_allclose(stats["sum_square"], (frames**2).sum(0))
    lengths = np.load(train / "feats_lengths_stats.npz")
    assert (int(lengths["count"]), float(lengths["sum"])) == (7, len(frames))
    assert np.load(train / "spembs_stats.npz")["sum"].tolist() == [21.0, 21.0]
    assert (train / "x_shape").read_text().splitlines()[:2] == [f"utt{n} {len(utterance(n))},{DIM}" for n in (0, 1)]
    assert (train / "spembs_shape").read_text().splitlines()[6] == "utt6 2"
    assert (train / "batch_keys").read_text().split() == ["x", "spembs"]
    assert (train / "stats_keys").read_text().split() == ["feats", "feats_lengths", "spembs"]
    assert (tmp_path / "valid" / "x_shape").read_text() == f"utt8 {len(utterance(8))},{DIM}\n"
    scp = dict(line.split() for line in (train / "collect_feats" / "feats.scp").read_text().splitlines())
    np.testing.assert_array_equal(np.load(scp["utt4"]), utterance(4))


@pytest.mark.parametrize("batch_size", [1, 4, 7])
def test_padding_changes_nothing(tmp_path, batch_size):
    collect_stats(WithVector(), batches(range(7), batch_size), [], tmp_path)
    frames = np.concatenate([utterance(n) for n in range(7)])
    np.testing.assert_allclose(np.load(tmp_path / "train" / "feats_stats.npz")["sum"], frames.sum(0))


def test_sums_keep_their_precision():
    sums = RunningSums()
    for _ in range(3):
        sums.add(torch.full((1, 1000, 1), 1e4 + 0.1), torch.tensor([1000]))
    assert sums.sum[0] / sums.count == pytest.approx(float(torch.tensor(1e4 + 0.1)), rel=1e-12)


def test_features_may_be_left_out(tmp_path, caplog):
    model = WithVector()
    model.extract_feats_in_collect_stats = False
    collect_stats(model, batches(range(2), 1), [], tmp_path, log_interval=1)
    assert not list(tmp_path.glob("train/*.npz"))
    assert (tmp_path / "train" / "x_shape").exists()

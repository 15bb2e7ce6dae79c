"""Statistics of two jobs equal those of one."""

import numpy as np
import pytest

from espnet2.bin.aggregate_stats_dirs import main
from espnet2.utils.errors import InputError


@pytest.fixture
def jobs(tmp_path):
    for job, keys in (("1", ["a", "b"]), ("2", ["d", "c"])):
        for mode in ("train", "valid"):
            folder = tmp_path / job / mode
            (folder / "collect_feats").mkdir(parents=True)
            (folder / "batch_keys").write_text("speech\ntext\n")
            (folder / "stats_keys").write_text("feats\n")
            for name in ("speech", "text"):
                (folder / f"{name}_shape").write_text("".join(f"{key} {ord(key)},{job}\n" for key in keys))
            (folder / "collect_feats" / "feats.scp").write_text("".join(f"{key} {key}.npy\n" for key in keys))
            sums = {"count": int(job), "sum": np.full(3, float(job)), "sum_square": np.ones(3)}
            np.savez(folder / "feats_stats.npz", **sums)
    return tmp_path


def _run(folder, *words):
    main(["--input_dir", str(folder / "1"), "--input_dir", str(folder / "2"), "--output_dir", str(folder / "o"), *words])


def test_tables_are_joined_and_sums_added(jobs):
    _run(jobs)
    for mode in ("train", "valid"):
        out = jobs / "o" / mode
        assert (out / "text_shape").read_text() == "a 97,1\nb 98,1\nc 99,2\nd 100,2\n"
        assert (out / "collect_feats" / "feats.scp").read_text() == "a a.npy\nb b.npy\nd d.npy\nc c.npy\n"
        with np.load(out / "feats_stats.npz") as sums:
            assert sums["count"] == 3 and sums["sum"].tolist() == [3, 3, 3] and sums["sum_square"].tolist() == [2, 2, 2]


def test_skip_sum_stats(jobs):
    _run(jobs, "--skip_sum_stats")
    assert not (jobs / "o" / "train" / "feats_stats.npz").exists()


def test_refusals(jobs):
    (jobs / "2" / "valid" / "feats_stats.npz").write_bytes(b"half")
    with pytest.raises(InputError, match="2/valid/feats_stats.npz"):
        _run(jobs)
    (jobs / "2" / "train" / "text_shape").write_text("a 1\n")
    with pytest.raises(InputError, match="2/train/text_shape: 'a' stands in"):
        _run(jobs)
    (jobs / "2" / "train" / "speech_shape").unlink()
    with pytest.raises(InputError, match="2/train/speech_shape: cannot be read"):
        _run(jobs)

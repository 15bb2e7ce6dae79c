"""Batches over categories."""

from pathlib import Path

import numpy as np
import pytest

from espnet2.samplers.build_batch_sampler import build_batch_plan
from espnet2.utils.errors import InputError


@pytest.fixture
def files(tmp_path: Path, write_shapes) -> dict[str, str]:
    """90 utterances of category a, 9 of b, 1 of c; a and b are one data set, c the other."""
    names = [f"utt{i:04d}" for i in range(100)]
    groups = {"a": names[:90], "b": names[90:99], "c": names[99:]}
    (tmp_path / "category2utt").write_text("".join(f"{k} {' '.join(v)}\n" for k, v in groups.items()))
    (tmp_path / "dataset2utt").write_text(f"big {' '.join(names[:99])}\nsmall {names[99]}\n")
    write_shapes("speech_shape", [10 + i for i in range(100)])
    return {
        "shape_files": [str(tmp_path / "speech_shape")],
        "category2utt_file": str(tmp_path / "category2utt"),
        "dataset2utt_file": str(tmp_path / "dataset2utt"),
    }


def category_of(rows: np.ndarray) -> np.ndarray:
    return np.searchsorted([90, 99], rows, side="right")


def test_catbel_at_most_one_of_a_category(files):
    plan = build_batch_plan("catbel", batch_size=2, **files)
    assert set(plan.sizes) == {2} and len(plan) == 50
    assert all(len(set(category_of(rows))) == 2 for rows in plan)


def test_catbel_larger_than_the_number_of_categories(files):
    plan = build_batch_plan("catbel", batch_size=8, **files)
    counts = np.stack([np.bincount(category_of(rows), minlength=3) for rows in plan])
    assert counts.min() == 2 and counts.max() == 3  # int(8 / 3) + 1 at most
    a = plan.rows[category_of(plan.rows) == 0]
    assert len(set(a)) == len(a)  # none comes again before all were there


@pytest.mark.parametrize("factor, share", [(1.0, 0.09), (0.5, 3 / (90**0.5 + 3 + 1)), (0.0, 1 / 3)])
def test_catpow_draws_by_a_power_of_the_share(files, factor, share):
    """Share of category b among 20,000 draws: 9^beta / (90^beta + 9^beta + 1)."""
    plan = build_batch_plan("catpow", upsampling_factor=factor, dataset_scaling_factor=200.0, batch_bins=900, **files)
    assert len(plan.rows) == 20000
    assert abs((category_of(plan.rows) == 1).mean() - share) < 0.02
    assert all(len(rows) * (10 + rows.max()) <= 900 for rows in plan)


def test_catpow_balance_dataset(files):
    """Uniform over the data sets, natural within them: c half of all."""
    plan = build_batch_plan(
        "catpow_balance_dataset", dataset_upsampling_factor=0.0, category_upsampling_factor=1.0,
        dataset_scaling_factor=100.0, **files,
    )  # fmt: skip
    shares = np.bincount(category_of(plan.rows)) / len(plan.rows)
    assert np.allclose(shares, [0.5 * 90 / 99, 0.5 * 9 / 99, 0.5], atol=0.02)


@pytest.mark.parametrize("kind", ["catbel", "catpow", "catpow_balance_dataset"])
def test_same_seed_same_plan(files, kind):
    one, two, other = (build_batch_plan(kind, seed=seed, batch_size=8, **files) for seed in (3, 3, 4))
    assert np.array_equal(one.rows, two.rows) and not np.array_equal(one.rows, other.rows)


def test_refusals(files, tmp_path):
    with pytest.raises(InputError, match="needs the file category2utt"):
        build_batch_plan("catbel", files["shape_files"])
    (tmp_path / "category2utt").write_text("a nobody\n")
    with pytest.raises(InputError, match="none of its utterances"):
        build_batch_plan("catbel", **files)

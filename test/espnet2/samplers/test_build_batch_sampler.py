"""From files and options to a plan."""

from pathlib import Path

import numpy as np
import pytest

from espnet2.samplers.build_batch_sampler import build_batch_plan, settings_of
from espnet2.samplers.options import BatchOptions
from espnet2.utils.errors import InputError


def test_files_in_different_order(write_shapes):
    speech = write_shapes("speech_shape", [100, 300, 200])
    text = write_shapes("text_shape", ["2,5", "9,5", "4,5"], order=[2, 0, 1])
    plan = build_batch_plan("numel", [speech, text], batch_bins=2 * (200 + 4 * 5))
    assert [plan.utterances(i) for i in range(len(plan))] == [["utt0001"], ["utt0002", "utt0000"]]
    assert "batch_type=numel, batch_bins=440" in plan.description and "batch_size is not used" in plan.description


def test_unsorted_takes_any_first_column(write_shapes):
    plan = build_batch_plan("unsorted", [write_shapes("wav.scp", ["a b.wav", "c |", "d"])], batch_size=1)
    assert [plan.utterances(i) for i in range(3)] == [["utt0000"], ["utt0001"], ["utt0002"]]


def test_utt2category(write_shapes):
    speech = write_shapes("speech_shape", [1, 2, 3, 4])
    category = write_shapes("utt2category", ["x", "y", "x", "y"], order=[3, 1, 0, 2])
    plan = build_batch_plan("folded", [speech], batch_size=4, fold_lengths=(10,), utt2category_file=category)
    assert sorted(sorted(rows.tolist()) for rows in plan) == [[0, 2], [1, 3]]


def test_refusals(write_shapes):
    speech = write_shapes("speech_shape", [1, 2, 3])
    with pytest.raises(InputError, match="Did you mean 'folded'"):
        build_batch_plan("foldet", [speech])
    with pytest.raises(InputError, match="at least one shape file"):
        build_batch_plan("numel", [])
    short = write_shapes("text_shape", [1, 2, 3], order=[0, 2])
    with pytest.raises(InputError, match="text_shape: lacks 1 of the 3 ids .* 'utt0001' .*speech_shape:2"):
        build_batch_plan("numel", [speech, short])
    with pytest.raises(InputError, match="text_shape: lacks 1 of the 3 ids"):
        build_batch_plan("numel", [short, speech])
    with pytest.raises(InputError, match="No batch: 3 utterances"):
        build_batch_plan("numel", [speech], batch_bins=1000, drop_last=True)
    category = write_shapes("utt2category", ["x", "y", "z"], order=[0, 2])
    with pytest.raises(InputError, match="no category for 1 utterances, such as 'utt0001'"):
        build_batch_plan("folded", [speech], fold_lengths=(9,), utt2category_file=category)


def test_valid_follows_training_unless_told(tmp_path: Path):
    (tmp_path / "category2utt").write_text("a b\n")
    options = BatchOptions(
        batch_type="folded", batch_size=7, valid_batch_size=3, min_batch_size=1, train_shape_file=["t"],
        valid_shape_file=["v"], fold_length=[80, 9], valid_batch_type="numel", iterator_type="category",
        valid_iterator_type="sequence",
    )  # fmt: skip
    kind, files, settings = settings_of(options, train=True, world_size=2, data_file=tmp_path / "wav.scp")
    assert (kind, files, settings.batch_size, settings.min_batch_size) == ("catbel", ["t"], 7, 2)
    assert settings.category2utt_file == str(tmp_path / "category2utt") and settings.utt2category_file is None
    kind, files, settings = settings_of(options, train=False)
    assert (kind, files, settings.batch_size, settings.fold_lengths) == ("numel", ["v"], 3, (80, 9))
    assert settings.batch_bins == options.batch_bins


@pytest.mark.slow
def test_a_million_utterances(tmp_path: Path):
    n, random = 1_000_000, np.random.RandomState(0)
    for name, high in (("speech_shape", 400_000), ("text_shape", 200)):
        lengths, order = random.randint(1, high, n), random.permutation(n)
        (tmp_path / name).write_text("".join(f"utt{i:08d} {lengths[i]}\n" for i in order))
    files = [tmp_path / "speech_shape", tmp_path / "text_shape"]
    for kind in ("sorted", "folded", "length", "numel"):
        plan = build_batch_plan(kind, files, batch_bins=10_000_000, fold_lengths=(80_000, 150))
        assert plan.sizes.sum() == n

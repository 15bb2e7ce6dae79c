"""Files named in a configuration are found again after a move, and in a package; the log says which was taken."""

import pytest

from espnet2.config.yaml import dump_yaml
from espnet2.tasks.moved_files import find_file, find_moved_files, package_of

STATS = "exp/stats/train/feats_stats.npz"


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """A recipe somewhere else than the working directory."""
    root = tmp_path / "moved"
    (root / "exp/asr").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return root


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return str(path)


def found(recipe, path):
    config = {"normalize_conf": {"stats_file": path}}
    lost = find_moved_files(config, recipe / "exp/asr/config.yaml")
    assert lost in ([], [("normalize_conf.stats_file", path)])
    return None if lost else config["normalize_conf"]["stats_file"]


def test_a_path_that_leads_somewhere_stays(recipe, tmp_path):
    write(recipe / STATS)
    own = write(tmp_path / "here" / STATS)
    assert found(recipe, STATS) == STATS and found(recipe, own) == own


@pytest.mark.parametrize("path", [STATS, f"/old/machine/asr1/{STATS}", f"../../{STATS}"])
def test_by_the_end_of_the_path_above_and_beside(recipe, path, caplog):
    caplog.set_level("INFO")
    assert found(recipe, path) is None
    outside = write(recipe.parent.parent / "feats_stats.npz")
    above = write(recipe / "feats_stats.npz")
    assert found(recipe, path) is None, f"{outside} and {above} may be of another recipe"
    named = write(recipe / "exp/asr/deep/down/feats_stats.npz")
    assert found(recipe, path) == named
    again = write(recipe / "exp/asr/feats_stats.npz")
    assert found(recipe, path) is None, f"{named} or {again}?"
    beside = write(recipe / "exp/stats/train/feats_stats.npz")
    assert found(recipe, path) == beside
    assert f"normalize_conf.stats_file: {path} is taken from {beside}" in caplog.text
    nearest = write(recipe / "exp/asr/train/feats_stats.npz")
    assert found(recipe, path) == nearest


def test_all_kinds_of_files_and_no_other_strings(recipe):
    config = {"bpemodel": "d/b.model", "token_list": "d/t.txt", "non_linguistic_symbols": "d/n.txt", "encoder": "d/e"}
    config |= {"pitch_normalize_conf": {"stats_file": "d/p.npz"}, "output_dir": "d/gone", "cleaner": None}
    lost = find_moved_files(dict(config), recipe / "exp/asr/config.yaml")
    assert sorted(key for key, _ in lost) == [
        "bpemodel",
        "non_linguistic_symbols",
        "pitch_normalize_conf.stats_file",
        "token_list",
    ]
    for name in ("b.model", "t.txt", "n.txt", "p.npz"):
        write(recipe / "d" / name)
    assert find_moved_files(config, recipe / "exp/asr/config.yaml") == []
    assert config["bpemodel"] == str(recipe / "d/b.model") and config["encoder"] == "d/e"
    assert find_moved_files({"token_list": ["a"], "bpemodel": None}, recipe / "exp/asr/config.yaml") == []


def test_in_a_package_its_own_file_comes_first(recipe, tmp_path):
    write(tmp_path / "here" / STATS)
    dump_yaml({"files": {}, "yaml_files": {"asr_train_config": "exp/asr/config.yaml"}}, recipe / "meta.yaml")
    packed = write(recipe / STATS)
    assert package_of(recipe / "exp/asr/config.yaml") == recipe
    assert found(recipe, STATS) == packed
    assert found(recipe, "/old/machine/feats_stats.npz") == packed
    assert package_of(recipe / "exp/lm/config.yaml") is None, "meta.yaml does not name it"
    assert package_of(recipe / "meta.yaml") is None


def test_a_package_of_links(recipe, tmp_path):
    blob = tmp_path / "blobs" / "0"
    write(blob)
    dump_yaml({"yaml_files": {"asr_train_config": "exp/asr/config.yaml"}}, recipe / "meta.yaml")
    (recipe / STATS).parent.mkdir(parents=True)
    for file in (recipe / "exp/asr/config.yaml", recipe / STATS):
        file.symlink_to(blob)
    assert found(recipe, f"/old/{STATS}") == str(recipe / STATS)


def test_weights_are_not_found_by_their_name_alone(recipe):
    write(recipe / "exp/asr/valid.acc.ave.pth")
    config = recipe / "exp/asr/config.yaml"
    assert find_file("exp/base/valid.acc.ave.pth", config) is None
    base = write(recipe / "exp/base/valid.acc.ave.pth")
    assert find_file("exp/base/valid.acc.ave.pth", config) == base

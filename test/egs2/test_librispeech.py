"""egs2/librispeech and librispeech_100 on a small tree of real LibriSpeech utterances, and the download helper."""

import re
import shutil
import tarfile
from pathlib import Path

import pytest

from test.egs2.corpus import column, copy_recipe, run
from test.shared import SHARED, needs_shared

TINY = SHARED / "data" / "libri_tiny"
PARTS = ("train-clean-100", "dev-clean", "dev-other", "test-clean", "test-other")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """LibriSpeech/<part>/<reader>/<chapter>/<reader>-<chapter>.trans.txt with the flac files, 3 utterances a part."""
    texts = list(column(TINY / "data" / "train" / "text").items())
    for i, part in enumerate(PARTS):
        for name, text in texts[3 * i : 3 * i + 3]:
            reader, chapter, _ = name.split("-")
            folder = tmp_path / "corpus" / "LibriSpeech" / part / reader / chapter
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(TINY / "wav" / "train" / f"{name}.flac", folder / f"{name}.flac")
            with open(folder / f"{reader}-{chapter}.trans.txt", "a") as transcripts:
                transcripts.write(f"{name} {text}\n")
    return tmp_path / "corpus"


@needs_shared
def test_librispeech_100_makes_its_sets(tree, tmp_path):
    recipe = copy_recipe("librispeech_100", tmp_path)
    options = re.search(r'--local_data_opts "(.*)"', (recipe / "run.sh").read_text())[1].split()
    result = run(recipe, "local/data.sh", *options, LIBRISPEECH=str(tree))
    assert result.returncode == 0, result.stdout
    wanted = column(TINY / "data" / "train" / "text")
    found = column(recipe / "data/train_clean_100/text")
    assert found == {name: text for name, text in wanted.items() if name in found}
    assert len(found) == 3
    assert len(column(recipe / "data/dev/text")) == 6
    for name in ("train_clean_100", "dev", "dev_clean", "dev_other", "test_clean", "test_other"):
        for utterance, speaker in column(recipe / "data" / name / "utt2spk").items():
            assert utterance.startswith(f"{speaker}-")
        assert all(Path(flac).is_file() for flac in column(recipe / "data" / name / "wav.scp").values())
    assert not (recipe / "data" / "local" / "other_text").exists()


@needs_shared
def test_librispeech_joins_the_training_parts(tree, tmp_path):
    recipe = copy_recipe("librispeech", tmp_path)
    parts = ("--train_parts", "train-clean-100 dev-clean", "--stop_stage", "3")
    result = run(recipe, "local/data.sh", *parts, LIBRISPEECH=str(tree / "LibriSpeech"))
    assert result.returncode == 0, result.stdout
    assert len(column(recipe / "data/train_960/text")) == 6


@needs_shared
def test_a_missing_part_is_named(tree, tmp_path):
    recipe = copy_recipe("librispeech", tmp_path)
    result = run(recipe, "local/data.sh", LIBRISPEECH=str(tree))
    assert result.returncode == 1
    assert "LibriSpeech/train-clean-360 is not there (LIBRISPEECH=downloads fetches it)" in result.stdout


@needs_shared
def test_a_text_without_recording_is_named(tree, tmp_path):
    recipe = copy_recipe("librispeech", tmp_path)
    flac = next((tree / "LibriSpeech" / "dev-clean").rglob("*.flac"))
    flac.unlink()
    result = run(recipe, "local/data_prep.py", str(tree / "LibriSpeech" / "dev-clean"), "data/dev_clean")
    assert result.returncode == 1
    assert f"{flac.stem} has no recording" in result.stdout


@pytest.mark.parametrize("name", ["librispeech", "librispeech_100"])
def test_run_sh_names_existing_configs(name, tmp_path):
    recipe = copy_recipe(name, tmp_path)
    for config in re.findall(r"conf/\S+\.yaml", (recipe / "run.sh").read_text()):
        assert (recipe / config).is_file()


def test_download_unpacks_once(tmp_path):
    recipe = copy_recipe("librispeech", tmp_path)
    (tmp_path / "hello").write_text("hello\n")
    with tarfile.open(tmp_path / "some.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "hello", "tree/hello")
    command = ("local/download_and_untar.py", (tmp_path / "some.tar.gz").as_uri(), str(tmp_path / "out"))
    assert run(recipe, *command).returncode == 0
    assert (tmp_path / "out/tree/hello").read_text() == "hello\n"
    (tmp_path / "out/tree/hello").unlink()
    assert run(recipe, *command).stdout == ""  # what is marked as unpacked is left alone


def test_download_refuses_what_is_missing_broken_or_leaves_the_folder(tmp_path):
    recipe = copy_recipe("librispeech", tmp_path)
    out = str(tmp_path / "out")
    assert "ERROR: cannot download" in run(recipe, "local/download_and_untar.py", "file:///no/such.tar.gz", out).stdout
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    broken = run(recipe, "local/download_and_untar.py", (tmp_path / "broken.tar.gz").as_uri(), out)
    assert broken.returncode == 1
    assert "ERROR: cannot unpack" in broken.stdout
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "broken.tar.gz", "../escaped")
    assert run(recipe, "local/download_and_untar.py", (tmp_path / "evil.tar.gz").as_uri(), out).returncode == 1
    assert not (tmp_path / "escaped").exists()

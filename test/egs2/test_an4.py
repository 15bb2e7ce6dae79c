"""egs2/an4 on a small tree like AN4's: names, order, transcripts, refusals."""

import re
import shutil
from pathlib import Path

import pytest
import soundfile

from test.egs2.corpus import column, copy_recipe, run
from test.shared import SHARED, needs_shared

SPHERE = SHARED / "data" / "dirty" / "sphere.sph"
TRAIN = {"an251-fash-b": "YES", "an252-fash-b": "GO", "cen1-fash-b": "H I N I C H", "an31-mgah-b": "RUBOUT T M J"}
TEST = {"an406-fcaw-b": "RUBOUT G M E F THREE NINE", "an407-fcaw-b": "ERASE C Q Q F SEVEN"}


@pytest.fixture
def an4(tmp_path: Path) -> Path:
    """AN4 in small: etc/ and wav/ as in an4_sphere.tar.gz; train lines have <s>, test lines have not."""
    root = tmp_path / "an4"
    (root / "etc").mkdir(parents=True)
    for name, folder, texts in (("train", "an4_clstk", TRAIN), ("test", "an4test_clstk", TEST)):
        ids = []
        for stem in texts:
            speaker = stem.split("-")[1]
            (root / "wav" / folder / speaker).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SPHERE, root / "wav" / folder / speaker / f"{stem}.sph")
            ids.append(f"{folder}/{speaker}/{stem}")
        marks = ("<s> ", " </s>") if name == "train" else ("", "")
        lines = [f"{marks[0]}{text}{marks[1]} ({stem})" for stem, text in texts.items()]
        (root / "etc" / f"an4_{name}.fileids").write_text("\n".join(ids) + "\n")
        (root / "etc" / f"an4_{name}.transcription").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return copy_recipe("an4", tmp_path)


@needs_shared
def test_data_prep_writes_kaldi_files(recipe, an4):
    result = run(recipe, "local/data_prep.py", str(an4), "data")
    assert result.returncode == 0, result.stdout
    assert column(recipe / "data/train/text") == {
        "fash-an251-b": "YES",
        "fash-an252-b": "GO",
        "fash-cen1-b": "H I N I C H",
        "mgah-an31-b": "RUBOUT T M J",
    }
    assert column(recipe / "data/test/text")["fcaw-an406-b"] == "RUBOUT G M E F THREE NINE"
    assert set(column(recipe / "data/test/utt2spk").values()) == {"fcaw"}
    for path in column(recipe / "data/test/wav.scp").values():
        assert soundfile.info(path).samplerate == 16000  # a plain path: no pipe, no sph2pipe


@needs_shared
def test_data_sh_splits_off_the_first_utterances_as_dev(recipe, an4):
    result = run(recipe, "local/data.sh", "--an4_root", str(an4), "--num_dev", "1")
    assert result.returncode == 0, result.stdout
    assert list(column(recipe / "data/train_dev/text")) == ["fash-an251-b"]
    assert list(column(recipe / "data/train_nodev/text")) == ["fash-an252-b", "fash-cen1-b", "mgah-an31-b"]


@needs_shared
@pytest.mark.parametrize(
    "file, old, new, message",
    [
        ("etc/an4_train.transcription", "<s> GO </s> (an252-fash-b)\n", "", "has 3 lines, its fileids has 4"),
        ("etc/an4_train.transcription", "GO </s> (an252-fash-b)", "GO </s>", "expected the text of an252-fash-b"),
        ("etc/an4_test.fileids", "an407-fcaw-b", "an999-fcaw-b", "expected the text of an999-fcaw-b"),
    ],
)
def test_lists_that_disagree_are_refused(recipe, an4, file, old, new, message):
    (an4 / file).write_text((an4 / file).read_text().replace(old, new))
    result = run(recipe, "local/data_prep.py", str(an4), "data")
    assert result.returncode == 1
    assert message in result.stdout


@needs_shared
def test_a_missing_recording_is_named(recipe, an4):
    (an4 / "wav/an4_clstk/fash/an252-fash-b.sph").unlink()
    result = run(recipe, "local/data_prep.py", str(an4), "data")
    assert result.returncode == 1
    assert "an252-fash-b.sph is missing" in result.stdout


def test_a_wrong_folder_is_refused(recipe, tmp_path):
    result = run(recipe, "local/data_prep.py", str(tmp_path), "data")
    assert result.returncode == 1
    assert "is not AN4" in result.stdout


def test_run_sh_names_existing_configs(recipe):
    for config in re.findall(r"conf/\S+\.yaml", (recipe / "run.sh").read_text()):
        assert (recipe / config).is_file()

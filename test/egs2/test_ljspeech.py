"""egs2/ljspeech: three sets of metadata.csv, the spoken form of the text, a folder that is not there."""

from pathlib import Path

import pytest

from test.egs2.corpus import column, copy_recipe, run


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return copy_recipe("ljspeech", tmp_path, "tts1")


def test_data_sh_parts_the_sentences_in_their_order(recipe, tmp_path):
    rows = [f"LJ001-{n:04d}|In {n}, café|In number {n}, café\n" for n in range(8)]
    (tmp_path / "metadata.csv").write_text("".join(reversed(rows)))
    result = run(recipe, "local/data.sh", "--ljspeech_root", str(tmp_path), "--num_dev", "2", "--num_eval1", "3")
    assert result.returncode == 0, result.stdout
    sets = {name: column(recipe / "data" / name / "text") for name in ("tr_no_dev", "dev", "eval1")}
    assert [list(texts) for texts in sets.values()] == [
        [f"LJ001-{n:04d}" for n in numbers] for numbers in ((0, 1, 2), (3, 4), (5, 6, 7))
    ]
    assert sets["dev"]["LJ001-0003"] == "In number 3, café"
    assert column(recipe / "data/dev/wav.scp")["LJ001-0003"] == f"{tmp_path}/wavs/LJ001-0003.wav"


def test_a_missing_corpus_is_told(recipe):
    result = run(recipe, "local/data.sh", LJSPEECH="no/such")
    assert result.returncode == 1 and "no/such/metadata.csv does not exist" in result.stdout

"""egs2/fsdd: strings of one speaker each, sets that share no recording, two speakers unheard in training."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from test.egs2.corpus import column, contents, copy_recipe, run
from test.shared import SHARED, needs_shared

WORDS = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"]
SETS = ("train", "dev", "test", "test_unseen")
FSDD = SHARED / "data" / "fsdd"
SMALL = ("--num_train", "400", "--num_dev", "20", "--num_test", "40", "--num_test_unseen", "20")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    return copy_recipe("fsdd", tmp_path_factory.mktemp("fsdd"))


@pytest.fixture(scope="module")
def made(recipe: Path) -> Path:
    result = run(recipe, "local/compose.py", "--fsdd", str(FSDD), *SMALL)
    assert result.returncode == 0, result.stdout
    return recipe


def chosen(recipe: Path) -> dict[str, list[tuple[str, int, int]]]:
    """The (speaker, digit, index) that each set may use."""
    program = (
        "import sys; sys.path.insert(0, 'local')\n"
        "from compose import *\n"
        f"everything = find_recordings(Path('{FSDD}'))\n"
        "import json\n"
        "print(json.dumps({name: list(choose(everything, name, ['theo', 'yweweler'])) for name in INDICES}))\n"
    )
    (recipe / "chosen.py").write_text(program)
    sets = json.loads(run(recipe, "chosen.py").stdout)
    return {name: [tuple(recording) for recording in recordings] for name, recordings in sets.items()}


@needs_shared
def test_no_recording_is_in_two_sets(recipe):
    sets = chosen(recipe)
    everything = [recording for recordings in sets.values() for recording in recordings]
    assert len(everything) == len(set(everything)) == 3000
    assert {index for _, _, index in sets["test"]} == {0, 1, 2, 3, 4}
    assert {index for _, _, index in sets["train"]}.isdisjoint(range(10))
    assert {speaker for speaker, _, _ in sets["test_unseen"]} == {"theo", "yweweler"}
    for name in ("train", "dev", "test"):
        assert {speaker for speaker, _, _ in sets[name]} == {"george", "jackson", "lucas", "nicolas"}


@needs_shared
@pytest.mark.slow
def test_unseen_speakers_are_nowhere_in_training(made):
    speakers = {name: set(column(made / "data" / name / "utt2spk").values()) for name in SETS}
    assert speakers["test_unseen"] == {"theo", "yweweler"}
    assert speakers["train"] == speakers["dev"] == speakers["test"]
    assert not speakers["train"] & speakers["test_unseen"]
    ids = [utterance for name in SETS for utterance in column(made / "data" / name / "text")]
    assert len(ids) == len(set(ids))


@needs_shared
@pytest.mark.slow
def test_texts_have_3_to_7_digits_and_all_digits_are_common(made):
    texts = [text.split() for text in column(made / "data" / "train" / "text").values()]
    assert {len(text) for text in texts} == {3, 4, 5, 6, 7}
    counts = [sum(text.count(word) for text in texts) for word in WORDS]
    assert sum(counts) == sum(map(len, texts))
    assert min(counts) > 0.8 * max(counts)


@needs_shared
@pytest.mark.slow
def test_every_run_writes_the_same_bytes(made):
    before = contents(made / "downloads" / "strings")
    result = run(made, "local/compose.py", "--fsdd", str(FSDD / "recordings"), *SMALL, "--data_dir", "again", "--audio_dir", "again")
    assert result.returncode == 0, result.stdout
    assert {name: data for name, data in contents(made / "again").items() if name.endswith(".wav")} == before


@needs_shared
@pytest.mark.slow
def test_strings_are_8_khz_of_one_level_with_soft_pauses(made):
    for wav in list(column(made / "data" / "test" / "wav.scp").values())[::7]:
        samples, sample_rate = soundfile.read(made / wav)
        assert sample_rate == 8000
        assert samples.std() == pytest.approx(0.05, rel=0.3)
        frames = samples[: len(samples) // 80 * 80].reshape(-1, 80).std(axis=1)
        assert 0 < np.percentile(frames, 3) < 0.3 * samples.std()  # pauses are quiet, and not digital silence


@needs_shared
@pytest.mark.slow
def test_data_sh_makes_valid_folders(recipe):
    result = run(recipe, "local/data.sh", "--num_train", "20", FSDD=str(FSDD))
    assert result.returncode == 0, result.stdout
    for name in SETS:
        assert f"Successfully validated data-directory data/{name}" in result.stdout


def test_without_the_corpus_it_tells_how_to_get_it(recipe):
    result = run(recipe, "local/data.sh", FSDD="/no/such/folder")
    assert result.returncode == 1
    assert "/no/such/folder does not exist" in result.stdout
    assert "git clone https://github.com/Jakobovski/free-spoken-digit-dataset" in result.stdout


def test_a_folder_without_recordings_and_an_unknown_speaker_are_refused(recipe, tmp_path):
    result = run(recipe, "local/compose.py", "--fsdd", str(tmp_path))
    assert result.returncode == 1
    assert f"ERROR: no recordings like 7_jackson_32.wav in {tmp_path}" in result.stdout
    soundfile.write(tmp_path / "1_jackson_0.wav", np.zeros(800), 8000)
    result = run(recipe, "local/compose.py", "--fsdd", str(tmp_path), "--unseen", "nobody")
    assert result.returncode == 1
    assert "the speakers are jackson" in result.stdout


def test_run_sh_names_existing_configs(recipe):
    for config in re.findall(r"conf/\S+\.yaml", (recipe / "run.sh").read_text()):
        assert (recipe / config).is_file()

"""egs2/mini_an4: the same bytes on every run, voices of a set heard in no other, a task like AN4's."""

import re
from pathlib import Path

import pytest
import soundfile

from test.egs2.corpus import column, contents, copy_recipe, run

pytest.importorskip("espeakng_loader")
SETS = ("train_nodev", "train_dev", "test")
SMALL = ("--num_train_nodev", "164", "--num_train_dev", "16", "--num_test", "16")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    return copy_recipe("mini_an4", tmp_path_factory.mktemp("mini_an4"))


@pytest.fixture(scope="module")
def made(recipe: Path) -> Path:
    result = run(recipe, "local/synthesise.py", *SMALL, "--nj", "2")
    assert result.returncode == 0, result.stdout
    return recipe


def voices(recipe: Path, name: str) -> set[str]:
    return set(column(recipe / "data" / name / "spk2voice").values())


@pytest.mark.slow
def test_one_process_and_several_write_the_same_bytes(made):
    before = contents(made / "downloads")
    assert len(before) == 164 + 16 + 16
    result = run(made, "local/synthesise.py", *SMALL, "--nj", "1", "--audio_dir", "again/wav", "--data_dir", "again")
    assert result.returncode == 0, result.stdout
    assert contents(made / "again" / "wav") == {name.removeprefix("wav/"): data for name, data in before.items()}


@pytest.mark.slow
def test_the_audio_of_an_utterance_does_not_depend_on_what_was_spoken_before(made):
    program = (
        "import sys; sys.path.insert(0, 'local')\n"
        "from pathlib import Path\n"
        "from synthesise import *\n"
        "for folder, order in (('there', 1), ('back', -1)):\n"
        "    utterances = list(plan('test', 16, Path(folder), []))[::order]\n"
        "    utterances[0].wav.parent.mkdir(parents=True)\n"
        "    espeak = Espeak()\n"
        "    in_forks(lambda utterance: record(espeak, utterance), utterances, 2)\n"
    )
    (made / "orders.py").write_text(program)
    result = run(made, "orders.py")
    assert result.returncode == 0, result.stdout
    assert contents(made / "there") == contents(made / "back")


@pytest.mark.slow
def test_sets_have_40_voices_and_share_none(made):
    found = {name: voices(made, name) for name in SETS}
    assert len(found["train_nodev"]) >= 40
    assert all(len(names) >= 10 for names in found.values())
    variants = {name: {voice.split("+")[1] for voice in found[name]} for name in SETS}
    for name in SETS:
        assert not variants[name] & set().union(*(variants[other] for other in SETS if other != name))
    assert not set().union(*variants.values()) & {"f2", "f3", "f5", "whisper", "whisperf"}


@pytest.mark.slow
def test_audio_is_mono_16_khz_and_as_long_as_people_speak(made):
    for name in SETS:
        texts = column(made / "data" / name / "text")
        for utterance, wav in column(made / "data" / name / "wav.scp").items():
            info = soundfile.info(made / wav)
            assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
            assert 0.1 < info.duration / len(texts[utterance].split()) < 2.5


def test_sentences_are_an4s(recipe):
    program = (
        "import sys; sys.path.insert(0, 'local')\n"
        "from synthesise import *\n"
        "train = list(plan('train_nodev', 2400, Path('x'), []))\n"
        "known = [u.words for u in train]\n"
        "test = list(plan('test', 320, Path('x'), known))\n"
        "print(len({w for u in train for w in u.words}), {w for u in test for w in u.words} <= {w for u in train for w in u.words})\n"
        "print(sum(u.words in known for u in test) / len(test))\n"
        "print(*(' '.join(u.words) for u in train), sep='\\n')\n"
    )
    (recipe / "sentences_of.py").write_text(program)
    lines = run(recipe, "sentences_of.py").stdout.splitlines()
    num_words, is_closed = lines[0].split()
    assert int(num_words) >= 100
    assert is_closed == "True"
    assert float(lines[1]) < 0.2
    for form in (r"[A-Z]( [A-Z])+", r"RUBOUT( [A-Z])+( [A-Z]{3,5})+", r"ENTER [A-Z]+TEEN", r"NOVEMBER \w+TH( \w+)*", "STOP", "YES"):
        assert any(re.fullmatch(form, line) for line in lines[2:]), form


def test_a_failing_utterance_stops_the_synthesis(recipe):
    program = (
        "import sys; sys.path.insert(0, 'local')\n"
        "from synthesise import *\n"
        "utterances = list(plan('test', 16, Path('no/such/folder'), []))\n"
        "espeak = Espeak()\n"
        "in_forks(lambda utterance: record(espeak, utterance), utterances, 2)\n"
    )
    (recipe / "fails.py").write_text(program)
    result = run(recipe, "fails.py")
    assert result.returncode == 1
    assert "ERROR: synthesis failed: v901-an00000 v902-an00001" in result.stdout
    assert "no/such/folder" in result.stdout


@pytest.mark.slow
def test_data_sh_makes_valid_folders(recipe):
    result = run(recipe, "local/data.sh", *SMALL, "--nj", "2")
    assert result.returncode == 0, result.stdout
    assert "Successfully finished" in result.stdout
    for name in SETS:
        assert f"Successfully validated data-directory data/{name}" in result.stdout
        assert (recipe / "data" / name / "spk2utt").exists()


def test_run_sh_names_existing_configs(recipe):
    for config in re.findall(r"conf/\S+\.yaml", (recipe / "run.sh").read_text()):
        assert (recipe / config).is_file()

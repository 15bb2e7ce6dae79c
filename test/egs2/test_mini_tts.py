"""egs2/mini_tts: the same bytes on every run, sets that share no sentence, one voice."""

from pathlib import Path

import pytest
import soundfile

from test.egs2.corpus import column, contents, copy_recipe, run

pytest.importorskip("espeakng_loader")
SMALL = ("--num_train", "12", "--num_dev", "2", "--num_test", "4")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    return copy_recipe("mini_tts", tmp_path_factory.mktemp("mini_tts"), "tts1", ("mini_an4/asr1",))


@pytest.fixture(scope="module")
def made(recipe: Path) -> Path:
    result = run(recipe, "local/data.sh", *SMALL, "--nj", "2")
    assert result.returncode == 0, result.stdout
    assert "Successfully validated data-directory data/test" in result.stdout
    return recipe


@pytest.mark.slow
def test_one_process_and_several_write_the_same_bytes(made):
    result = run(made, "local/synthesise.py", *SMALL, "--nj", "1", "--audio_dir", "again/wav", "--data_dir", "again")
    assert result.returncode == 0, result.stdout
    before = contents(made / "downloads" / "wav")
    assert len(before) == 18 and contents(made / "again" / "wav") == before


@pytest.mark.slow
def test_audio_is_mono_16_khz_between_short_silences(made):
    for name in ("train", "dev", "test"):
        assert set(column(made / "data" / name / "utt2spk").values()) == {"mini"}
        texts = column(made / "data" / name / "text")
        for utterance, wav in column(made / "data" / name / "wav.scp").items():
            samples, rate = soundfile.read(made / wav)
            assert rate == 16000 and samples.ndim == 1
            assert abs(samples).max() < 0.61 and abs(samples[:1000]).max() < 1e-3 < abs(samples[1600:4800]).max()
            assert 0.2 < len(samples) / rate / len(texts[utterance].split()) < 0.9


def test_no_sentence_is_in_two_sets_and_words_of_test_are_known(recipe):
    program = (
        "import sys; sys.path.insert(0, 'local')\n"
        "from synthesise import *\n"
        "known = []\n"
        "for name, number in (('train', 540), ('dev', 20), ('test', 40)):\n"
        "    texts = [u.text for u in plan(name, number, Path('x'), known)]\n"
        "    assert not set(texts) & set(known) and len(set(texts)) == number\n"
        "    words = {word.strip('.,?').lower() for text in texts for word in text.split()}\n"
        "    if name == 'train':\n"
        "        known_words = words\n"
        "    assert words <= known_words, words - known_words\n"
        "    known += texts\n"
        "print(len(known_words), max(map(len, known)))\n"
    )
    (recipe / "sentences_of.py").write_text(program)
    result = run(recipe, "sentences_of.py")
    assert result.returncode == 0, result.stdout
    num_words, longest = map(int, result.stdout.split())
    assert num_words > 200 and longest < 100

"""egs2/allison: both ways to the corpus give the same sets; sounds that are no speech are left out."""

import gzip
import importlib.util
from pathlib import Path

import pytest
import soundfile

from test.egs2.corpus import EGS2, column, copy_recipe, run
from test.shared import SHARED, needs_shared

CORPUS = SHARED / "data" / "allison"
TEXTS = """; Core sounds
activated: Activated.
added: Added.
beep: [this is a simple beep tone]
digits/5: 5
silence/1: (1 second of silence)
spy-h323: H.323
vm-opts: Press 1, please.
gone: There is no such file.
long: Much too long.
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return copy_recipe("allison", tmp_path, "tts1", ())


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """What Debian's packages unpack to, in small."""
    root = tmp_path / "root"
    texts = root / "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
    sounds = root / "usr/share/asterisk/sounds/en_US_f_Allison"
    texts.parent.mkdir(parents=True)
    texts.write_bytes(gzip.compress(TEXTS.encode()))
    for name in ("activated", "added", "beep", "digits/5", "silence/1", "spy-h323", "vm-opts", "long"):
        path = sounds / f"{name}.g722"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([0xFA]) * (64001 if name == "long" else 4000))
    return root


@pytest.mark.skipif(importlib.util.find_spec("G722") is None, reason="needs the package G722")
def test_prompts_become_data_folders(recipe, packages):
    (recipe / "test.list").write_text("en-added\n")
    result = run(recipe, "local/unpack_prompts.py", str(packages), "allison", "test.list")
    assert result.returncode == 0, result.stdout
    train, test = (column(recipe / "allison" / name / "text") for name in ("train", "test"))
    assert train == {"en-activated": "ACTIVATED", "en-digits_5": "FIVE", "en-vm_opts": "PRESS ONE PLEASE"}
    assert test == {"en-added": "ADDED"}
    assert column(recipe / "allison/test/wav.scp") == {"en-added": "allison/wav/en-added.flac"}
    info = soundfile.info(recipe / "allison/wav/en-added.flac")
    assert (info.samplerate, info.channels, info.frames) == (16000, 1, 8000)


def test_packages_that_are_not_there_are_told(recipe, tmp_path):
    result = run(recipe, "local/unpack_prompts.py", str(tmp_path), "allison", "local/test.list")
    assert result.returncode == 1 and "are both packages unpacked" in result.stdout


def test_another_folder_is_refused(recipe, tmp_path):
    result = run(recipe, "local/data.sh", "--allison", str(tmp_path))
    assert result.returncode == 1 and "is not the corpus: it has no folder wav" in result.stdout


@needs_shared
@pytest.mark.slow
def test_data_sh_makes_three_sets_of_a_prepared_folder(recipe):
    result = run(recipe, "local/data.sh", ALLISON=str(CORPUS))
    assert result.returncode == 0, result.stdout
    sets = {name: column(recipe / "data" / name / "text") for name in ("train", "dev", "test")}
    assert {name: len(texts) for name, texts in sets.items()} == {"train": 450, "dev": 22, "test": 46}
    assert len({uid for texts in sets.values() for uid in texts}) == 518
    assert set(sets["test"]) == set((EGS2 / "allison/tts1/local/test.list").read_text().split())
    for path in column(recipe / "data/dev/wav.scp").values():
        assert soundfile.info(path).samplerate == 16000

"""A recipe folder outside of the repository, linked to the template; its Python only records what doors are asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
TEMPLATE = REPO / "egs2" / "TEMPLATE"


class FakeRecipe:
    """``data/{train,dev,test}`` of three utterances each, and ``fake_python.py`` behind ``--python``; task is asr or tts."""

    def __init__(self, folder: Path, task: str = "asr"):
        self.folder = folder
        self.script = f"./{task}.sh"
        for name in (f"{task}.sh", "path.sh", "db.sh", "scripts", "pyscripts", "steps", "utils"):
            (folder / name).symlink_to(TEMPLATE / f"{task}1" / name)
        (folder / "cmd.sh").write_text('export train_cmd=run.pl cuda_cmd=run.pl decode_cmd="run.pl --mem 2G"\n')
        for name in ("train", "dev", "test"):
            self.write_data_dir(name)
        self.write_script("fake_python", f'exec {sys.executable} {REPO}/test/egs2/fake_python.py "$@"')
        self.write_script("local/data.sh", 'echo "data.sh:" "$@"')

    def write_script(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def write_data_dir(self, name: str, num: int = 3) -> None:
        folder = self.folder / "data" / name
        folder.mkdir(parents=True)
        ids = [f"spk-{name}{n}" for n in range(num)]
        for file, text in (("wav.scp", "x.wav"), ("text", "A B"), ("utt2spk", "spk")):
            (folder / file).write_text("".join(f"{uid} {text}\n" for uid in ids))
        (folder / "spk2utt").write_text(f"spk {' '.join(ids)}\n")

    def run(self, *args: str, sets: bool = True, script: str = "", **env: str) -> subprocess.CompletedProcess:
        """The task script with this interpreter first in the PATH; its stdout and stderr together."""
        named = ("--train_set", "train", "--valid_set", "dev", "--test_sets", "test") if sets else ()
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables = {**os.environ, "PATH": path, "FAKE_PYTHON_LOG": str(self.folder / "calls.jsonl"), **env}
        command = [script or self.script, "--python", "./fake_python", *named, *args]
        return subprocess.run(
            command, cwd=self.folder, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def calls(self, module: str | None = None) -> list[dict]:
        """The recorded calls of one door, or of all, in their order: module, args, threads."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if module in (None, call["module"])]

    def args(self, module: str, index: int = 0) -> str:
        """The arguments of a door's call as one line."""
        return " ".join(self.calls(module)[index]["args"])


@pytest.fixture
def recipe(tmp_path: Path) -> FakeRecipe:
    return FakeRecipe(tmp_path)


@pytest.fixture
def tts_recipe(tmp_path: Path) -> FakeRecipe:
    return FakeRecipe(tmp_path, "tts")

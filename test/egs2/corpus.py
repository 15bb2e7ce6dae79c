"""A recipe of the repository copied into a test's own folder, so that its data do not land in the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

EGS2 = Path(__file__).parents[2] / "egs2"


def copy_recipe(name: str, folder: Path, task: str = "asr1", linked: tuple[str, ...] = ("librispeech/asr1",)) -> Path:
    """Copy ``egs2/<name>/<task>`` (code and configs only), and what it links to; returns the copy."""
    for recipe in (f"{name}/{task}", *linked):
        target = folder / "egs2" / recipe
        if not target.exists():
            left_out = shutil.ignore_patterns("data", "dump", "exp", "downloads", "__pycache__")
            shutil.copytree(EGS2 / recipe, target, symlinks=True, ignore=left_out)
    (folder / "egs2" / "TEMPLATE").symlink_to(EGS2 / "TEMPLATE")
    return folder / "egs2" / name / task


def run(recipe: Path, *command: str, **env: str) -> subprocess.CompletedProcess:
    """Run a command of a recipe with this interpreter first in the PATH; stdout and stderr together."""
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **env}
    command = (sys.executable, *command) if command[0].endswith(".py") else command
    return subprocess.run(
        command, cwd=recipe, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def column(path: Path) -> dict[str, str]:
    """A two-column file."""
    return dict(line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

"""Run the shell toolbox in a folder of its own, and make data folders for it."""

import os
import subprocess
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"

# Paths with blanks and non-ASCII letters, and a pipe, as wav.scp may have them.
SOURCES = ["audio/späce  nämé {}.wav", "sox 'a  b' -t wav - | tee \"x y\" | cat |", "/data/$HOME/`x`/&{}.flac"]


class Box:
    """A folder to run tools in."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.env = dict(os.environ)

    def run(self, name: str, *args: object, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess:
        """Run a tool of utils/ here; it must exit with ``code``."""
        command = [str(UTILS / name), *map(str, args)]
        done = subprocess.run(
            command, cwd=self.folder, input=stdin, capture_output=True, text=True, timeout=300, env=self.env, errors="replace"
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def write(self, name: str, content: str | bytes) -> Path:
        """A file, and the folders it needs."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def program(self, name: str, script: str) -> None:
        """A bash script first on the PATH."""
        self.write(f"bin/{name}", "#!/bin/bash\n" + script).chmod(0o755)
        self.env["PATH"] = f"{self.folder}/bin:{os.environ['PATH']}"

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def table(self, name: str) -> dict[str, str]:
        """Id -> the rest of the line, blanks as they are."""
        return {line.partition(" ")[0]: line.partition(" ")[2] for line in self.read(name).splitlines()}

    def data_dir(self, name: str = "data", speakers: int = 3, each: int = 2, has_segments: bool = False) -> Path:
        """A valid data folder: s1-u1, s1-u2, s2-u1, ...; with segments, a recording per speaker and 1.5 s per utterance."""
        utterances = [(f"s{s}-u{u}", f"s{s}", u) for s in range(1, speakers + 1) for u in range(1, each + 1)]
        recordings = sorted({speaker if has_segments else utterance for utterance, speaker, _ in utterances})
        lines = {
            "utt2spk": [f"{utterance} {speaker}" for utterance, speaker, _ in utterances],
            "text": [f"{utterance} wörds  of {u}" for utterance, _, u in utterances],
            "spk2utt": [" ".join([f"s{s}"] + [f"s{s}-u{u + 1}" for u in range(each)]) for s in range(1, speakers + 1)],
            "wav.scp": [f"{recording} {SOURCES[i % 3].format(i)}" for i, recording in enumerate(recordings)],
        }
        if has_segments:
            lines["segments"] = [f"{utterance} {speaker} {2 * u}.0 {2 * u + 1.5}" for utterance, speaker, u in utterances]
        for file, rows in lines.items():
            self.write(f"{name}/{file}", "".join(f"{row}\n" for row in rows))
        return self.folder / name

    def snapshot(self, name: str = ".") -> dict[str, bytes]:
        """All files below a folder, to see that nothing has changed."""
        top = self.folder / name
        return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)

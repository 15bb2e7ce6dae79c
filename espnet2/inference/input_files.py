"""The sound files that a command line names: files, folders, standard input."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from espnet2.fileio.recording import FileRecording
from espnet2.utils.errors import InputError

STANDARD_INPUT = "-"
SUFFIXES = frozenset({".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".sph", ".w64", ".wav"})


@dataclass
class InputFile:
    """A sound file, and later its recording or what is wrong with it.

    Attributes:
        path: Where it is read.
        name: As the user knows it.
        output_name: What is written of it, without suffix; with the folders below the one that was named.
        recording: Once it is open; None if it is empty or damaged.
        error: What is wrong with it.
    """

    path: str
    name: str
    output_name: str
    recording: FileRecording | None = None
    error: str | None = None

    @property
    def duration_seconds(self) -> float:
        """Its length; 0 if it cannot be read."""
        return 0.0 if self.recording is None else self.recording.num_samples / self.recording.sample_rate

    def fail(self, error: InputError | str) -> None:
        """Say and keep what is wrong."""
        self.error = str(error).replace(self.path, self.name)
        logging.error(self.error)


def find_files(words: Sequence[str], stack: ExitStack) -> list[InputFile]:
    """The files that words name, in order; those of a folder and the folders below it sorted by name.

    Args:
        words: Files, folders, or ``-`` for a sound file from standard input.
        stack: Closing it forgets what came from standard input.
    Raises:
        InputError: If a folder holds no sound file.
    """
    return [file for word in words for file in _files_of(word, stack)]


def _files_of(word: str, stack: ExitStack) -> Iterator[InputFile]:
    if word == STANDARD_INPUT:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "standard_input"
        with open(path, "wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield InputFile(str(path), word, path.name)
        return
    folder = Path(word)
    if not folder.is_dir():
        yield InputFile(word, word, folder.stem)
        return
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise InputError(f"{word}: no sound file in this folder ({', '.join(sorted(SUFFIXES))})")
    for path in found:
        yield InputFile(str(path), str(path), str(path.relative_to(folder).with_suffix("")))


def check_output_names(files: Sequence[InputFile]) -> None:
    """Refuse files that would be written to one place.

    Raises:
        InputError: With two of them.
    """
    first: dict[str, InputFile] = {}
    for file in files:
        other = first.setdefault(file.output_name, file)
        if other is not file:
            raise InputError(
                f"{other.name} and {file.name} would both be written as {file.output_name}: transcribe them apart."
            )

"""All that is wrong with a data folder, in one report with file and line.

Kaldi's ``validate_data_dir.sh`` stops at the first mistake; this collects them, so that a corpus is mended in one go.
"""

import os
from pathlib import Path

from espnet2.fileio.check_sounds import SoundCheck
from espnet2.fileio.faults import Faults, Table, read_table
from espnet2.utils.errors import InputError

# Tables with a line per utterance, and whether their ids must be exactly those of utt2spk.
_OF_UTTERANCES = {
    "utt2spk": True, "text": True, "feats.scp": True, "utt2num_samples": True, "utt2dur": True, "utt2lang": True,
    "utt2category": True, "segments": True, "utt2uniq": False, "utt2num_frames": False,
}  # fmt: skip
_RESERVED = {"<s>", "</s>", "#0"}  # words that mean something to language models


class DataDirCheck:
    """Look a folder through.

    Attributes:
        faults: What was found.
        notes: What is allowed, and good to know.
        sounds: The check of wav.scp; None if no audio is needed.

    Args:
        folder: The data folder.
        sample_rate: The rate all audio must have; None allows any, for the format stage resamples.
        need_audio: Whether wav.scp or feats.scp must be there, with files that can be read; pipes are not run.
        num_channels: How many channels all audio must have; None allows any.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        sample_rate: int | None = None,
        need_audio: bool = True,
        num_channels: int | None = None,
    ):
        self.folder, self.faults, self.notes = Path(folder), Faults(), Faults()
        self.fix = f"utils/fix_data_dir.sh {folder}  (sorts, and keeps what all files share)"
        self.sounds: SoundCheck | None = None
        self.tables: dict[str, Table] = {}
        if not self.folder.is_dir():
            self.faults.add(self.folder, "no such folder")
            return
        for name in (*_OF_UTTERANCES, "spk2utt", "wav.scp"):
            if (self.folder / name).exists():
                without_value = self.notes if name == "text" else None  # the length filter drops and counts these
                self.tables[name] = read_table(self.folder / name, self.faults, without_value)
        self._check_speakers()
        self._check_ids()
        self._check_text()
        self._check_segments()
        if need_audio and "wav.scp" in self.tables:
            path = self.folder / "wav.scp"
            self.sounds = SoundCheck(path, self.tables["wav.scp"], self.faults, self.notes, sample_rate, num_channels)
        elif need_audio and "feats.scp" not in self.tables:
            self.faults.add(self.folder / "wav.scp", "no such file (nor feats.scp)")

    def _check_speakers(self) -> None:
        for name in ("utt2spk", "spk2utt"):
            if name not in self.tables:
                self.faults.add(self.folder / name, "no such file", mend=self._made_of(name))
        of_utterance = self.tables.get("utt2spk", {})
        for line, speaker in of_utterance.values():
            if len(speaker.split()) > 1:
                self.faults.add(self.folder / "utt2spk", "more than two columns", line)
        self._check_speaker_order(of_utterance)
        for speaker, (line, utterances) in self.tables.get("spk2utt", {}).items():
            for utterance in utterances.split():
                found = of_utterance.get(utterance, (0, None))[1]
                if found != speaker:
                    detail = f"'{utterance}' is of '{found}' there" if found else f"'{utterance}' is not there"
                    path = self.folder / "spk2utt"
                    self.faults.add(path, "does not agree with utt2spk", line, detail, self._made_of("spk2utt"))

    def _check_speaker_order(self, of_utterance: Table) -> None:
        """Both utterances and speakers must be in order, so that files of either can be walked through together."""
        last = ""
        for line, speaker in of_utterance.values():
            if speaker < last:
                mend = "call the utterances <speaker>-<utterance>; or let each utterance be its own speaker"
                detail = f"'{speaker}' after '{last}'"
                self.faults.add(self.folder / "utt2spk", "the speakers are not in order", line, detail, mend)
                return
            last = speaker

    def _made_of(self, name: str) -> str:
        if name == "utt2spk":
            return "write lines of <utterance> <speaker>, or of the utterance twice"
        return f"utils/utt2spk_to_spk2utt.pl {self.folder}/utt2spk > {self.folder}/spk2utt"

    def _check_ids(self) -> None:
        """The tables of utterances against utt2spk; without segments, wav.scp is one of them."""
        reference = self.tables.get("utt2spk", {})
        names = [name for name, must_agree in _OF_UTTERANCES.items() if must_agree and name != "utt2spk"]
        if "segments" not in self.tables:
            names.append("wav.scp")
        for name in names:
            if name in self.tables:
                self._compare(self.folder / name, self.tables[name], self.folder / "utt2spk", reference)

    def _compare(self, path: Path, table: Table, reference_path: Path, reference: Table) -> None:
        for key, (line, _) in table.items():
            if key not in reference:
                self.faults.add(path, f"an id that {reference_path.name} lacks", line, f"'{key}'", self.fix)
        for key, (line, _) in reference.items():
            if key not in table:
                self.faults.add(reference_path, f"an id that {path.name} lacks", line, f"'{key}'", self.fix)

    def _check_text(self) -> None:
        for line, words in self.tables.get("text", {}).values():
            for word in sorted(_RESERVED.intersection(words.split())):
                self.faults.add(self.folder / "text", f"the word {word} is reserved", line, mend="take it out")

    def _check_segments(self) -> None:
        path = self.folder / "segments"
        for line, value in self.tables.get("segments", {}).values():
            try:
                recording, start, end = value.split()
                in_order = 0 <= float(start) < float(end) or float(end) == -1
            except ValueError:
                self.faults.add(path, "not '<utterance> <recording> <start> <end>'", line, value)
                continue
            if not in_order:
                self.faults.add(path, "the end is not after the start", line, value)
            if recording not in self.tables.get("wav.scp", {}):
                self.faults.add(path, "a recording that wav.scp lacks", line, f"'{recording}'")


def check_data_dirs(
    folders: list[str], sample_rate: int | None = None, need_audio: bool = True, num_channels: int | None = None
) -> list[str]:
    """Check folders. If anything is wrong, the audio is decoded too, so that one report holds everything.

    Args:
        folders: Data folders.
        sample_rate: See ``DataDirCheck``.
        need_audio: See ``DataDirCheck``.
        num_channels: See ``DataDirCheck``.
    Returns:
        What is allowed, and good to know.
    Raises:
        InputError: If anything is wrong; the message lists all of it.
    """
    checks = [DataDirCheck(folder, sample_rate, need_audio, num_channels) for folder in folders]
    notes = [f"Note: {line}" for check in checks for line in check.notes.lines()]
    if not any(check.faults for check in checks):
        return notes
    for check in checks:
        if check.sounds is not None:
            check.sounds.decode()
    number = sum(len(check.faults) for check in checks)
    lines = [line for check in checks for line in check.faults.lines()]
    raise InputError("\n  ".join([f"{number} problems in {' '.join(folders)}:", *lines, *notes]))

"""All that is wrong with a data folder, in one report with file and line.

Kaldi's ``validate_data_dir.sh`` stops at the first mistake; this collects them, so that a corpus is mended in one go.
"""

import os
from pathlib import Path

from espnet2.fileio.faults import Faults, Table, read_table
from espnet2.utils.errors import InputError

# Tables with a line per utterance, and whether their ids must be exactly those of utt2spk.
_OF_UTTERANCES = {
    "utt2spk": True, "text": True, "feats.scp": True, "utt2num_samples": True, "utt2dur": True, "utt2lang": True,
    "utt2category": True, "segments": True, "utt2uniq": False, "utt2num_frames": False,
}  # fmt: skip


class DataDirCheck:
    """Look a folder through; ``faults`` holds what was found.

    Args:
        folder: The data folder.
        sample_rate: The rate all audio must have; None allows any, for the format stage resamples.
        need_audio: Whether wav.scp or feats.scp must be there, with files that can be read; pipes are not run.
    """

    def __init__(self, folder: str | os.PathLike, sample_rate: int | None = None, need_audio: bool = True):
        self.folder, self.sample_rate, self.faults = Path(folder), sample_rate, Faults()
        self.tables: dict[str, Table] = {}
        if not self.folder.is_dir():
            self.faults.add(self.folder, "no such folder")
            return
        for name in (*_OF_UTTERANCES, "spk2utt", "wav.scp"):
            if (self.folder / name).exists():
                self.tables[name] = read_table(self.folder / name, self.faults)
        self._check_speakers()
        self._check_ids()
        self._check_segments()
        if need_audio:
            self._check_audio()

    def _check_speakers(self) -> None:
        for name in ("utt2spk", "spk2utt"):
            if name not in self.tables:
                self.faults.add(self.folder / name, "no such file")
        of_utterance = self.tables.get("utt2spk", {})
        for line, speaker in of_utterance.values():
            if len(speaker.split()) > 1:
                self.faults.add(self.folder / "utt2spk", "more than two columns", line)
        for speaker, (line, utterances) in self.tables.get("spk2utt", {}).items():
            for utterance in utterances.split():
                found = of_utterance.get(utterance, (0, None))[1]
                if found != speaker:
                    detail = f"'{utterance}' is of '{found}' there" if found else f"'{utterance}' is not there"
                    self.faults.add(self.folder / "spk2utt", "does not agree with utt2spk", line, detail)

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
                self.faults.add(path, f"an id that {reference_path.name} lacks", line, f"'{key}'")
        for key, (line, _) in reference.items():
            if key not in table:
                self.faults.add(reference_path, f"an id that {path.name} lacks", line, f"'{key}'")

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

    def _check_audio(self) -> None:
        """The headers of all files: the wanted rate, and one number of channels in the whole folder."""
        from espnet2.fileio.audio import audio_info, is_pipe

        path = self.folder / "wav.scp"
        if "wav.scp" not in self.tables:
            if "feats.scp" not in self.tables:
                self.faults.add(path, "no such file (nor feats.scp)")
            return
        channels = 0
        for line, source in self.tables["wav.scp"].values():
            if not source or is_pipe(source):
                continue
            try:
                info = audio_info(source)
            except InputError as error:
                self.faults.add(path, "unusable audio", line, str(error))
                continue
            if info.num_samples == 0:
                self.faults.add(path, "unusable audio", line, f"{source}: no samples")
            if self.sample_rate not in (None, info.sample_rate):
                self.faults.add(path, "another sampling rate", line, f"{source}: {info.sample_rate} Hz")
            channels = channels or info.num_channels
            if info.num_channels != channels:
                detail = f"{source}: {info.num_channels}, but {channels} in the first lines"
                self.faults.add(path, "another number of channels", line, detail)


def check_data_dirs(folders: list[str], sample_rate: int | None = None, need_audio: bool = True) -> None:
    """Check folders.

    Args:
        folders: Data folders.
        sample_rate: See ``DataDirCheck``.
        need_audio: See ``DataDirCheck``.
    Raises:
        InputError: If anything is wrong; the message lists all of it.
    """
    checks = [DataDirCheck(folder, sample_rate, need_audio) for folder in folders]
    number = sum(len(check.faults) for check in checks)
    if number:
        lines = "\n  ".join(line for check in checks for line in check.faults.lines())
        raise InputError(f"{number} problems in {' '.join(folders)}:\n  {lines}")

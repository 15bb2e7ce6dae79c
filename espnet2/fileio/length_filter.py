"""The part of a data folder whose utterances have a length and a text that can be trained on."""

import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from espnet2.fileio.read_text import read_2columns_text
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

# Files about speakers or about the whole folder; all others have a line per utterance.
_OF_SPEAKERS = ("spk2gender", "cmvn.scp", "spk2warp")
_OF_FOLDER = ("feats_type", "audio_format", "feats_dim", "frame_shift", "spk2sid", "lang2lid")
_NUM_EXAMPLES = 3


class LengthFilter:
    """Decide for each utterance of a folder whether it stays.

    Args:
        in_dir: The folder.
        min_seconds: Utterances must be longer (compared in whole samples: ``int(min_seconds * rate)``).
        max_seconds: Utterances must be shorter.
        rate: Samples, or whatever the length file counts, in a second.
        text_files: Names of files where a missing or empty line drops the utterance.
        lengths: Name of the file of ``<utterance> <length>[,...]`` lines.
    Raises:
        InputError: If a file is missing or broken.
    """

    def __init__(
        self,
        in_dir: str | Path,
        min_seconds: float,
        max_seconds: float,
        rate: int,
        text_files: Sequence[str] = ("text",),
        lengths: str = "utt2num_samples",
    ):
        self.in_dir, self.rate = Path(in_dir), rate
        self.min_seconds, self.max_seconds = min_seconds, max_seconds
        self.speakers = read_2columns_text(self.in_dir / "utt2spk")
        scps = [self.in_dir / name for name in ("wav.scp", "feats.scp")]
        self.audio = [read_2columns_text(scp) for scp in scps if scp.exists()]
        self.texts = [read_2columns_text(self.in_dir / name) for name in text_files]
        self.lengths = {
            key: _length(value, f"{self.in_dir / lengths}: '{key}'")
            for key, value in read_2columns_text(self.in_dir / lengths).items()
        }
        self.kept: set[str] = set()
        self.dropped: dict[str, list[str]] = {}
        for utterance in self._utterances():
            reason = self._reason(utterance)
            if reason is None:
                self.kept.add(utterance)
            else:
                self.dropped.setdefault(reason, []).append(utterance)

    def copy(self, out_dir: str | Path) -> None:
        """Write the folder with what stays; ``spk2utt`` is made from ``utt2spk``.

        Raises:
            InputError: If nothing stays.
        """
        out_dir = Path(out_dir)
        if not self.kept:
            raise InputError("\n".join([f"{self.in_dir}: no utterance is left", *self.summary()]))
        speakers = {self.speakers[utterance] for utterance in self.kept}
        for path in sorted(self.in_dir.iterdir()):
            if not path.is_file() or path.name.startswith(".") or path.name == "spk2utt":
                continue
            if path.name in _OF_FOLDER:
                out_dir.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, out_dir / path.name)
            else:
                _filter(path, out_dir / path.name, speakers if path.name in _OF_SPEAKERS else self.kept)
        self._write_spk2utt(out_dir / "spk2utt")

    def summary(self) -> Iterator[str]:
        """Lines that tell how many utterances stay, and how many left for which reason."""
        total = len(self.kept) + sum(map(len, self.dropped.values()))
        share = sum(self.lengths[key] for key in self.kept) / max(sum(self.lengths.values()), 1)
        yield f"{self.in_dir}: kept {len(self.kept)} of {total} utterances ({100 * share:.1f} % of the audio)"
        for reason, utterances in self.dropped.items():
            examples = ", ".join(f"{key}{self._told(key)}" for key in utterances[:_NUM_EXAMPLES])
            yield f"  {len(utterances)} left: {reason}, such as {examples}"

    def _reason(self, utterance: str) -> str | None:
        """Why an utterance goes, or None."""
        length = self.lengths.get(utterance)
        if length is None or not all(scp.get(utterance) for scp in self.audio):
            return "no audio"
        if utterance not in self.speakers:
            return "no speaker"
        if length <= int(self.min_seconds * self.rate):
            return f"too short (not above {self.min_seconds} s)"
        if length >= int(self.max_seconds * self.rate):
            return f"too long (not below {self.max_seconds} s)"
        if any(utterance not in text for text in self.texts):
            return "no text"
        return None if all(text[utterance] for text in self.texts) else "empty text"

    def _utterances(self) -> dict[str, None]:
        """Every id of any of the tables, in their order."""
        tables: list[Collection[str]] = [self.lengths, self.speakers, *self.audio, *self.texts]
        return {key: None for table in tables for key in table}

    def _told(self, utterance: str) -> str:
        return f" ({self.lengths[utterance] / self.rate:.2f} s)" if utterance in self.lengths else ""

    def _write_spk2utt(self, path: Path) -> None:
        of_speaker: dict[str, list[str]] = {}
        for utterance, speaker in self.speakers.items():
            if utterance in self.kept:
                of_speaker.setdefault(speaker, []).append(utterance)
        with atomic_write(path, "w") as stream:
            stream.writelines(f"{speaker} {' '.join(of_speaker[speaker])}\n" for speaker in sorted(of_speaker))


def _filter(source: Path, target: Path, keys: Collection[str]) -> None:
    table = read_2columns_text(source)
    with atomic_write(target, "w") as stream:
        stream.writelines(f"{key} {value}\n" for key, value in table.items() if key in keys)


def _length(value: str, place: str) -> int:
    try:
        return int(value.split(",")[0])
    except ValueError:
        raise InputError(f"{place}: '{value}' is not a length") from None

"""The audio of a wav.scp: headers first, for they cost little; samples when asked for."""

from collections import Counter
from pathlib import Path

from espnet2.fileio.audio import audio_info, is_pipe, read_audio
from espnet2.fileio.faults import Faults, Table
from espnet2.utils.errors import InputError

_MAX_DECODED_HOURS = 10.0


class SoundCheck:
    """Look at the headers of all files; pipes are left for ``decode``.

    Args:
        path: The wav.scp, for messages.
        table: Its lines.
        faults: Gets what is wrong.
        notes: Gets what differs and may.
        sample_rate: The rate all must have; None allows any.
        num_channels: How many channels all must have; None allows any.
    """

    def __init__(
        self,
        path: Path,
        table: Table,
        faults: Faults,
        notes: Faults,
        sample_rate: int | None = None,
        num_channels: int | None = None,
    ):
        self.path, self.faults, self.notes = path, faults, notes
        self.sample_rate, self.num_channels = sample_rate, num_channels
        self.readable: dict[str, int] = {}  # source -> line: what the headers found no fault with
        rates: Counter[int] = Counter()
        channels: Counter[int] = Counter()
        for line, source in table.values():
            if is_pipe(source):
                self.readable[source] = line
            elif source and (form := self._header(line, source)):
                rates[form[0]] += 1
                channels[form[1]] += 1
        if sample_rate is None:
            self._tell_mixture("sampling rates, in Hz", rates)
        if num_channels is None:
            self._tell_mixture("numbers of channels", channels)

    def decode(self) -> None:
        """Read the samples of what had a good header, and run the pipes: the first ten hours, the rest is left to the
        format stage, which decodes everything."""
        seconds = 0.0
        for source, line in self.readable.items():
            if seconds > 3600 * _MAX_DECODED_HOURS:
                break
            try:
                samples, rate = read_audio(source)
            except InputError as error:
                self._unusable(line, str(error))
                continue
            seconds += len(samples) / rate
            if is_pipe(source):
                self._check_form(line, source, rate, 1 if samples.ndim == 1 else samples.shape[1])

    def _header(self, line: int, source: str) -> tuple[int, int] | None:
        """Sampling rate and channels; None if there is no audio."""
        try:
            info = audio_info(source)
        except InputError as error:
            self._unusable(line, str(error))
            return None
        if info.num_samples == 0:
            self._unusable(line, f"{source}: no samples")
            return None
        self.readable[source] = line
        self._check_form(line, source, info.sample_rate, info.num_channels)
        return info.sample_rate, info.num_channels

    def _unusable(self, line: int, detail: str) -> None:
        mend = f"bring the file, or take its line out and run utils/fix_data_dir.sh {self.path.parent}"
        self.faults.add(self.path, "unusable audio", line, detail, mend)

    def _check_form(self, line: int, source: str, rate: int, num_channels: int) -> None:
        if self.sample_rate not in (None, rate):
            mend = f"resample to {self.sample_rate} Hz (stage 3 of a recipe does, with --feats_type raw)"
            self.faults.add(self.path, "another sampling rate", line, f"{source}: {rate} Hz", mend)
        if self.num_channels not in (None, num_channels):
            detail = f"{source}: {num_channels} where {self.num_channels} is expected"
            mend = "choose what to keep, such as --ref_channels 0 for the first channel; or mix them down beforehand"
            self.faults.add(self.path, "another number of channels", line, detail, mend)

    def _tell_mixture(self, what: str, counts: Counter[int]) -> None:
        if len(counts) > 1:
            listed = ", ".join(f"{value} ({count} files)" for value, count in counts.most_common(5))
            self.notes.add(self.path, f"{len(counts)} {what}: {listed}")

"""Each kind of mistake is found, with its line; a sound folder passes."""

import numpy as np
import pytest
import soundfile

from espnet2.bin.check_data_dir import main
from espnet2.fileio.check_data_dir import DataDirCheck
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared


@pytest.fixture
def folder(tmp_path):
    for name, rate in (("a", 16000), ("b", 16000)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(100), rate)
    _write(tmp_path, "wav.scp", f"u1 {tmp_path}/a.wav", f"u2 {tmp_path}/b.wav")
    _write(tmp_path, "text", "u1 A", "u2 B")
    _write(tmp_path, "utt2spk", "u1 s", "u2 s")
    _write(tmp_path, "spk2utt", "s u1 u2")
    return tmp_path


def _write(folder, name, *lines):
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _found(folder, **options):
    return "\n".join(DataDirCheck(folder, **options).faults.lines())


def test_sound_folder(folder, capsys):
    main([str(folder), "--fs", "16k"])
    assert "No problems" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, lines, told",
    [
        ("text", ["u2 B", "u1 A"], "text:2: not sorted"),
        ("text", ["u1 A", "u1 A", "u2 B"], "text:2: an id twice: 'u1' stands in line 1"),
        ("text", ["u1 A"], "utt2spk:2: an id that text lacks: 'u2'"),
        ("text", ["u1 A", "u2 B", "u3 C"], "text:3: an id that utt2spk lacks: 'u3'"),
        ("text", ["u1 A\r", "u2 B"], "text:1: CR line end"),
        ("text", ["u1 A", "u2 <s> B"], "text:2: the word <s> is reserved(.|\n)*mend: take it out"),
        ("text", ["u1 A\u00a0B", "u2 B"], "text:1: .*U\\+00A0"),
        ("utt2spk", ["u1 s t", "u2 s"], "utt2spk:1: more than two columns"),
        ("utt2spk", ["u1 t", "u2 s"], "utt2spk:2: the speakers are not in order: 's' after 't'\n *mend: call"),
        ("spk2utt", ["s u1", "t u2"], "spk2utt:2: does not agree with utt2spk: 'u2' is of 's' there"),
        ("wav.scp", ["u1 none.wav", "u2 false |"], "wav.scp:1: unusable audio: none.wav"),
        ("segments", ["u1 u1 0.1 0.2", "u2 u3 2 1"], "segments:2: the end is not after(.|\n)*recording that wav.scp lacks"),
        ("segments", ["u1 u1 0.1", "u2 u1 0 1"], "segments:1: not '<utterance>"),
    ],
)
def test_faults(folder, name, lines, told):
    _write(folder, name, *lines)
    with pytest.raises(InputError, match=told):
        main([str(folder)])


def test_a_line_without_text_is_a_note(folder, capsys):
    """Stage 4 drops and counts such utterances."""
    _write(folder, "text", "u1", "u2 B")
    main([str(folder)])
    assert f"Note: {folder}/text:1: nothing after the id: 'u1'" in capsys.readouterr().out


def test_rates_and_channels(folder, capsys):
    assert "wav.scp:1: another sampling rate" in _found(folder, sample_rate=8000)
    soundfile.write(folder / "b.wav", np.zeros((50, 2)), 8000)
    found = _found(folder, sample_rate=16000, num_channels=1)
    assert "b.wav: 8000 Hz" in found and "b.wav: 2 where 1 is expected" in found
    assert "--ref_channels 0" in found
    assert _found(folder) == "" and _found(folder, need_audio=False) == ""
    main([str(folder)])
    told = capsys.readouterr().out
    assert "wav.scp: 2 sampling rates, in Hz: 16000 (1 files), 8000 (1 files)" in told
    assert "wav.scp: 2 numbers of channels: 1 (1 files), 2 (1 files)" in told


def test_samples_are_read_when_there_is_a_fault(folder):
    """A sound folder is decoded by the format stage alone; a faulty one here too, so that one report has all."""
    soundfile.write(folder / "a.wav", np.full(100, np.nan, np.float32), 16000, "FLOAT")
    _write(folder, "wav.scp", f"u1 {folder}/a.wav", f"u2 cat {folder}/none.wav |")
    main([str(folder)])
    _write(folder, "text", "u1 A\r", "u2 B")
    with pytest.raises(InputError, match="3 problems") as error:
        main([str(folder)])
    told = str(error.value)
    assert "text:1: CR line end" in told
    assert f"wav.scp:1: unusable audio: {folder}/a.wav: sample 0 is NaN" in told
    assert "wav.scp:2: unusable audio: cat" in told and "exit code 1" in told


def test_long_lists_are_cut(folder):
    _write(folder, "text", *(f"x{n} T" for n in range(24)))
    assert "text: an id that utt2spk lacks: 4 more lines" in _found(folder)


def test_missing_files(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        main([str(tmp_path / "none")])
    assert all(name in _found(tmp_path) for name in ("utt2spk: no such", "spk2utt: no such", "wav.scp: no such"))


@needs_shared
def test_broken_folder_is_told_in_one_report():
    folder = SHARED / "data" / "dirty" / "kaldi_broken"
    with pytest.raises(InputError) as error:
        main([str(folder)])
    found = str(error.value)
    for place in ("utt2spk:3", "text:1", "text:2", "text:3", "text:4", "wav.scp:2", "wav.scp:3", "wav.scp:4", "wav.scp:6"):
        assert f"{folder / place}: " in found

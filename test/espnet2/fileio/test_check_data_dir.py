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
        ("text", ["u1", "u2 B"], "text:1: nothing after the id"),
        ("text", ["u1 A\u00a0B", "u2 B"], "text:1: .*U\\+00A0"),
        ("utt2spk", ["u1 s t", "u2 s"], "utt2spk:1: more than two columns"),
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


def test_rates_and_channels(folder):
    assert "wav.scp:1: another sampling rate" in _found(folder, sample_rate=8000)
    soundfile.write(folder / "b.wav", np.zeros((50, 2)), 8000)
    found = _found(folder, sample_rate=16000)
    assert "b.wav: 8000 Hz" in found and "b.wav: 2, but 1 in the first lines" in found
    assert "sampling rate" not in _found(folder)
    assert _found(folder, need_audio=False) == ""


def test_long_lists_are_cut(folder):
    _write(folder, "text", *(f"x{n} T" for n in range(9)))
    assert "text: an id that utt2spk lacks: 4 more lines" in _found(folder)


def test_missing_files(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        main([str(tmp_path / "none")])
    assert all(name in _found(tmp_path) for name in ("utt2spk: no such", "spk2utt: no such", "wav.scp: no such"))


@needs_shared
def test_broken_folder_is_told_in_one_report():
    folder = SHARED / "data" / "dirty" / "kaldi_broken"
    found = _found(folder)
    for place in ("utt2spk:3", "text:1", "text:2", "text:3", "text:4", "wav.scp:2", "wav.scp:3", "wav.scp:4", "wav.scp:6"):
        assert f"{folder / place}: " in found

"""utils/data/get_utt2dur.sh and utils/data/get_segments_for_data.sh."""

import sys
import wave

import pytest

UTTS = [f"s{s}-u{u}" for s in (1, 2, 3) for u in (1, 2)]


@pytest.fixture
def audio(box):
    """Utterance i of i quarters of a second; the last as a pipe."""
    box.data_dir()
    box.run_dur = lambda *args, code=0: box.run("data/get_utt2dur.sh", "--python", sys.executable, *args, "data", code=code)
    lines = []
    for i, utt in enumerate(UTTS, 1):
        path = box.folder / f"à {i}.wav"
        with wave.open(str(path), "wb") as out:
            out.setparams((1, 2, 8000, 0, "NONE", ""))
            out.writeframes(b"\0\0" * 2000 * i)
        lines.append(f"{utt} cat '{path}' |\n" if i == len(UTTS) else f"{utt} {path}\n")
    box.write("data/wav.scp", "".join(lines))
    return box


def durations(box):
    return [float(value) for value in box.table("data/utt2dur").values()]


def test_from_headers(audio):
    audio.run_dur()
    assert list(audio.table("data/utt2dur")) == UTTS
    assert durations(audio) == [0.25 * i for i in range(1, 7)]
    result = audio.run("data/get_segments_for_data.sh", "data")
    assert result.stdout.splitlines()[1] == "s1-u2 s1-u2 0 0.5"


def test_speed_counts(audio):
    audio.write("data/reco2speed", "s1-u1 0.5\n" + "".join(f"{utt} 1.0\n" for utt in UTTS[1:]))
    audio.run_dur("--nj", 1)
    assert durations(audio)[:2] == [0.5, 0.5]


def test_from_tables(box):
    box.data_dir(has_segments=True)
    box.run("data/get_utt2dur.sh", "data")
    assert durations(box) == [1.5] * 6
    assert box.run("data/get_segments_for_data.sh", "data").stdout == box.read("data/segments")
    (box.folder / "data/segments").unlink()
    (box.folder / "data/utt2dur").unlink()
    box.write("data/utt2num_frames", "".join(f"{utt} 150\n" for utt in UTTS))
    box.run("data/get_utt2dur.sh", "--frame-shift", "0.02", "data")
    assert durations(box) == [3.0] * 6
    (box.folder / "data/utt2dur").unlink()
    box.write("data/utt2num_samples", "".join(f"{utt} 8000\n" for utt in UTTS))
    box.run("data/get_utt2dur.sh", "--fs", "16k", "data")
    assert durations(box) == [0.5] * 6


def test_what_is_there_stays_unless_incomplete(box):
    box.data_dir(has_segments=True)
    box.write("data/utt2dur", "".join(f"{utt} 9\n" for utt in UTTS))
    assert "is there already" in box.run("data/get_utt2dur.sh", "data").stdout
    assert durations(box) == [9] * 6
    box.write("data/utt2dur", "s1-u1 9\n")
    box.run("data/get_utt2dur.sh", "data")
    assert durations(box) == [1.5] * 6


def test_damaged_audio_is_named_and_nothing_is_written(audio):
    audio.write("data/wav.scp", audio.read("data/wav.scp").replace("à 3.wav", "absent.wav"))
    before = audio.snapshot("data")
    stderr = audio.run_dur(code=1).stderr
    assert "ERROR: s2-u1: " in stderr and "absent.wav" in stderr and "Traceback" not in stderr
    assert audio.snapshot("data") == before


def test_open_segments_are_refused(box):
    box.data_dir(has_segments=True)
    box.write("data/segments", box.read("data/segments").replace("5.5", "-1"))
    assert "does not lie behind its start" in box.run("data/get_utt2dur.sh", "data", code=1).stderr
    assert not (box.folder / "data/utt2dur").exists()

"""What stays, what leaves and why."""

import pytest

from espnet2.bin.length_filter import main
from espnet2.utils.errors import InputError

FILES = {
    "utt2num_samples": ["a 50", "b 100", "c 101", "d 199", "e 200", "f 150", "g 150"],
    "wav.scp": [f"{key} {key}.wav" for key in "abcdefg"],
    "utt2spk": ["a x", "b x", "c x", "d y", "e y", "f z", "g z", "h z"],
    "spk2utt": ["x a b c", "y d e", "z f g h"],
    "text": ["a A", "b B", "c C c", "d D", "e E", "f", "h H"],
    "spk2gender": ["x m", "y f", "z m"],
    "feats_type": ["raw"],
}


@pytest.fixture
def folder(tmp_path):
    for name, lines in FILES.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    return tmp_path


def _run(folder, *words):
    main(["--in_dir", str(folder), "--out_dir", str(folder / "out"), "--fs", "1000", *words])
    return {path.name: path.read_text().splitlines() for path in (folder / "out").iterdir()}


def test_bounds_are_exclusive_and_reasons_are_told(folder, capsys):
    out = _run(folder, "--min_seconds", "0.1", "--max_seconds", "0.2")
    assert out["utt2num_samples"] == ["c 101", "d 199"] and out["text"] == ["c C c", "d D"]
    assert out["wav.scp"] == ["c c.wav", "d d.wav"] and out["spk2utt"] == ["x c", "y d"]
    assert out["spk2gender"] == ["x m", "y f"] and out["feats_type"] == ["raw"]
    told = capsys.readouterr().out
    assert "kept 2 of 8 utterances" in told and "2 left: too short (not above 0.1 s), such as a (0.05 s), b" in told
    for reason in ("1 left: too long", "1 left: empty text, such as f", "1 left: no text, such as g", "no audio, such as h"):
        assert reason in told


def test_frames_and_no_text(folder):
    (folder / "utt2num_samples").rename(folder / "feats_shape")
    (folder / "feats_shape").write_text("a 50,80\nb 150,80\n")
    out = _run(folder, "--min_seconds", "0.1", "--max_seconds", "0.2", "--lengths", "feats_shape", "--text_files", "")
    assert out["feats_shape"] == ["b 150,80"]


def test_nothing_left(folder):
    with pytest.raises(InputError, match="no utterance is left\n.*kept 0 of 8"):
        _run(folder, "--min_seconds", "5")
    (folder / "utt2num_samples").write_text("a x\n")
    with pytest.raises(InputError, match="'a': 'x' is not a length"):
        _run(folder)

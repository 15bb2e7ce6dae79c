"""The transcribing door: every format, long and damaged files, folders and standard input, on a tiny random model."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet2.bin import asr_transcribe
from espnet2.inference.long_audio import LongResult
from espnet2.inference.stitch import Segment
from espnet2.inference.transcript_formats import TRANSCRIPT_FORMATS, Transcript
from espnet2.search.hypothesis import Word
from espnet2.utils.errors import InputError
from test.espnet2.tasks.tiny_asr import write_experiment

SEARCH = ["--beam_size", "2", "--maxlenratio", "-6"]
CUT = ["--long_seconds", "5", "--segment_seconds", "3", "--overlap_seconds", "0.5", "--pause_seconds", "0.4"]
RATE = 16000
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def exp(tmp_path, monkeypatch):
    """An experiment folder; the working directory has a long, a short and a damaged sound file."""
    monkeypatch.chdir(tmp_path)
    write_experiment(tmp_path / "exp")
    random = np.random.default_rng(0)
    samples = 0.2 * random.standard_normal(15 * RATE)
    for start, end in ((0, 1), (4, 6), (7, 7.6), (14, 15)):
        samples[round(start * RATE) : round(end * RATE)] *= 0.002
    soundfile.write("long.wav", samples, RATE)
    soundfile.write("short.flac", samples[RATE : 2 * RATE], RATE)
    with open("long.wav", "rb") as whole:
        half = whole.read()[: RATE * 10]
    with open("damaged.wav", "wb") as file:
        file.write(half)
    return str(tmp_path / "exp")


def transcribe(exp, *words):
    asr_transcribe.main(["--exp", exp, *SEARCH, *CUT, *words])


JSON = ["--format", "json", "--progress", "true", "long.wav", "damaged.wav", "short.flac"]
TOLD = "1 of 3 files could not be read; the others are transcribed:\ndamaged.wav: truncated"


def test_json_and_a_damaged_file(exp, capsys):
    with pytest.raises(InputError, match=TOLD):
        transcribe(exp, *JSON)
    check_json(*capsys.readouterr())


@pytest.mark.slow
def test_json_of_a_process(exp):
    command = [sys.executable, "-m", "espnet2.bin.asr_transcribe", "--exp", exp, *SEARCH, *CUT, *JSON]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert f"ERROR: {TOLD}" in done.stderr
    check_json(done.stdout, done.stderr)


def check_json(written, told):
    assert "100%" in told and "16/16 s" in told
    long, short = json.loads(written)
    assert (long["file"], short["file"]) == ("long.wav", "short.flac")
    assert (long["duration_seconds"], short["duration_seconds"]) == (15, 1)
    assert len(long["segments"]) > 4 and len(short["segments"]) == 1
    assert " ".join(part["text"] for part in long["segments"] if part["text"]) == long["text"].strip()
    assert long["score"] == pytest.approx(sum(part["score"] or 0 for part in long["segments"]))
    times = [(part["start_seconds"], part["end_seconds"]) for part in long["segments"]]
    assert not any(start < 5 < end or start < 0.5 for start, end in times)
    words = long["words"]
    assert [word["word"] for word in words] == long["text"].split()
    assert all(0 <= word["confidence"] <= 1 for word in words)
    assert all(0 <= word["start_seconds"] < word["end_seconds"] <= 15 for word in words)


def test_batches_change_nothing_and_output_is_a_file(exp, capsys):
    for size in ("1", "5"):
        transcribe(exp, "--batch_size", size, "--output", f"{size}.tsv", "--format", "tsv", "long.wav", "short.flac")
    with open("1.tsv") as one, open("5.tsv") as five:
        lines = one.read().splitlines()
        assert five.read().splitlines() == lines
    assert lines[0].split("\t") == ["file", "start_seconds", "end_seconds", "text"]
    assert [line.split("\t")[0] for line in lines[1:]].count("short.flac") == 1
    assert lines[-1].split("\t")[:3] == ["short.flac", "0.000", "1.000"]
    told = capsys.readouterr()
    assert told.out == "" and "%|" not in told.err


@pytest.mark.parametrize(
    "kind, suffix", [("text", "txt"), ("json", "json"), ("tsv", "tsv"), ("srt", "srt"), ("vtt", "vtt")]
)
def test_a_file_for_each_input(exp, tmp_path, kind, suffix):
    (tmp_path / "in" / "below").mkdir(parents=True)
    for name in ("in/a.wav", "in/below/b.WAV"):
        (tmp_path / name).write_bytes((tmp_path / "long.wav").read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("no sound")
    transcribe(exp, "--format", kind, "--output_dir", "out", "in", "short.flac")
    out = tmp_path / "out"
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert found == {f"a.{suffix}", f"below/b.{suffix}", f"short.{suffix}"}


def test_standard_input_and_text_per_line(exp, capsys, monkeypatch, tmp_path):
    transcribe(exp, "short.flac")
    transcribe(exp, str(tmp_path / "short.flac"), "short.flac")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2] == lines[0]
    with open("short.flac", "rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read())))
    transcribe(exp, "-")
    assert capsys.readouterr().out.split("\t")[1] == lines[0].split("\t")[1] + "\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"no sound")))
    with pytest.raises(InputError, match="1 of 1 files could not be read:\n-: broken"):
        transcribe(exp, "-")


def test_without_word_times_subtitles_are_timed_by_segments(exp, capsys, tmp_path):
    write_experiment(tmp_path / "attention", model_conf={"ctc_weight": 0.0})
    transcribe(str(tmp_path / "attention"), "--ctc_weight", "0.0", "--format", "vtt", "long.wav")
    assert capsys.readouterr().out.startswith("WEBVTT\n\n00:00:00.")


def test_refusals(exp):
    with pytest.raises(InputError, match="--format srt: 2 files need --output_dir"):
        transcribe(exp, "--format", "srt", "long.wav", "short.flac")
    with pytest.raises(InputError, match="long.wav and .*long.wav would both be written as long"):
        transcribe(exp, "--output_dir", "out", "long.wav", "./long.wav")
    with pytest.raises(InputError, match="name one of them"):
        transcribe(exp, "--output_dir", "out", "--output", "file", "long.wav")
    with pytest.raises(InputError, match="exp: no sound file in this folder"):
        transcribe(exp, "exp")
    with pytest.raises(InputError, match="overlap_seconds 9"):
        transcribe(exp, "--overlap_seconds", "9", "long.wav")
    with pytest.raises(InputError, match="2 of 2 files could not be read:\n.*missing.*\n.*damaged"):
        transcribe(exp, "missing.wav", "damaged.wav")


def test_every_format_to_the_letter():
    words = [Word("it's", 0.5, 0.75, 0.98765), Word("ö", 0.75, 1.0, 1.0)]
    result = LongResult("it's ö", ["it's", "ö"], [3, 4], words, [Segment(0.5, 1.0, "it's ö", [], [], words)])
    transcript = Transcript("a.wav", "a", 2.0, result)
    written = {kind: form.one(transcript) for kind, form in TRANSCRIPT_FORMATS.items()}
    assert written["text"] == "it's ö\n"
    assert TRANSCRIPT_FORMATS["text"].each(transcript) == "a.wav\tit's ö\n"
    assert written["tsv"] == "file\tstart_seconds\tend_seconds\ttext\na.wav\t0.500\t1.000\tit's ö\n"
    assert written["srt"] == "1\n00:00:00,500 --> 00:00:01,500\nit's ö\n"
    assert written["vtt"] == "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nit's ö\n"
    assert json.loads(written["json"]) == {
        "file": "a.wav",
        "text": "it's ö",
        "tokens": ["it's", "ö"],
        "score": 0.0,
        "duration_seconds": 2.0,
        "segments": [{"start_seconds": 0.5, "end_seconds": 1.0, "text": "it's ö", "score": None}],
        "words": [
            {"word": "it's", "start_seconds": 0.5, "end_seconds": 0.75, "confidence": 0.9877},
            {"word": "ö", "start_seconds": 0.75, "end_seconds": 1.0, "confidence": 1.0},
        ],
    }

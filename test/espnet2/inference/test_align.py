"""Segmentation of a recording: times from hand-made posteriors, the door's output, and refusals."""
import re

import numpy as np
import pytest
import soundfile
import torch

from espnet2.bin import asr_align
from espnet2.bin.asr_align import CTCSegmentation
from espnet2.inference import align
from espnet2.inference.align import worst_stretch
from espnet2.utils.errors import InputError
from test.espnet2.inference.test_speech2text import copied, waveforms
from test.espnet2.search.test_alignment import posteriors
from test.shared import needs_shared

pytestmark = needs_shared


@pytest.fixture
def folder(tmp_path):
    return copied("asr_conformer", tmp_path)


def aligner(folder, **options):
    return CTCSegmentation(folder / "config.yaml", folder / "valid.acc.ave.pth", **options)


def hear(monkeypatch, found, path):
    """Let the model hear a path, 0.1 s a frame."""
    log_probs = posteriors(path, len(found.asr_model.token_list))
    times = torch.arange(len(path) + 1, dtype=torch.float64) / 10
    monkeypatch.setattr(align, "ctc_log_probs", lambda *args: (log_probs, times))


def test_times_and_scores(folder, monkeypatch):
    found = aligner(folder, kaldi_style_text=False)
    e, t = (found.asr_model.token_list.index(token) for token in "ET")
    hear(monkeypatch, found, [0] * 5 + [e, t] + [0] * 2 + [t] + [0] * 6)
    task = found(np.zeros(16000), ["ET", "T§", "§"], name="rec")
    assert str(task) == "rec_0000 rec 0.30 0.80 -0.1054 ET\nrec_0001 rec 0.80 1.20 -0.1054 T§\n"
    assert [segment.text for segment in task.segments] == ["ET", "T§"]


def test_spaces_may_be_pauses(folder, monkeypatch):
    found = aligner(folder, kaldi_style_text=False, replace_spaces_with_blanks=True, print_utt_text=False, print_utt_score=False)
    e, t = (found.asr_model.token_list.index(token) for token in "ET")
    hear(monkeypatch, found, [e, 0, 0, t])
    assert str(found(np.zeros(16000), "E T")) == "utt_0000 utt 0.00 0.40\n"


def test_score_is_of_the_worst_stretch():
    log_probs = torch.tensor([-1.0, -1.0, -5.0, -3.0, -1.0, -1.0])
    assert worst_stretch(log_probs, 2) == pytest.approx(-4.0)
    assert worst_stretch(log_probs, 30) == pytest.approx(-2.0)


def test_the_door(folder, tmp_path, capsys):
    soundfile.write(tmp_path / "rec.wav", np.concatenate(waveforms("asr_conformer")) * 0.1, 16000)
    (tmp_path / "text").write_text("utt1 SEE\nutt2 THE TEE\n")
    words = ["--asr_model_file", folder / "valid.acc.ave.pth", "-a", tmp_path / "rec.wav", "-t", tmp_path / "text"]
    asr_align.main([str(word) for word in words])
    printed = capsys.readouterr().out
    asr_align.main([str(word) for word in [*words, "-o", tmp_path / "segments"]])
    assert (tmp_path / "segments").read_text() == printed
    rows = [line.split(" ", 5) for line in printed.splitlines()]
    assert [(row[0], row[1], row[5]) for row in rows] == [("utt1", "rec", "SEE"), ("utt2", "rec", "THE TEE")]
    assert all(re.fullmatch(r"\d+\.\d\d \d+\.\d\d -\d+\.\d{4}", " ".join(row[2:5])) for row in rows)
    times = [float(time) for row in rows for time in row[2:4]]
    assert times == sorted(times)
    assert times[-1] <= 36000 / 16000


def test_another_rate_is_resampled(folder):
    found = aligner(folder, kaldi_style_text=False)
    whole = found(waveforms("asr_conformer")[0], "SEE").segments[0]
    same = found(np.repeat(waveforms("asr_conformer")[0], 2), "SEE", fs=32000).segments[0]
    assert same.end_seconds == pytest.approx(whole.end_seconds, abs=0.1)


def test_refusals(folder, monkeypatch):
    with pytest.raises(InputError, match="text_converter classic is not supported"):
        aligner(folder, text_converter="classic")
    with pytest.raises(InputError, match="set_blank is 3"):
        aligner(folder, set_blank=3)
    with pytest.raises(InputError, match="no option windows"):
        aligner(folder, windows=3)
    found = aligner(folder, kaldi_style_text=False)
    with pytest.raises(InputError, match="rec: the text holds no utterance"):
        found(np.zeros(16000), "§\n\n", name="rec")
    with pytest.raises(InputError, match="rec: .* need .* frames"):
        found(waveforms("asr_conformer")[0], "E" * 100, name="rec")
    with pytest.raises(InputError, match="rec"):
        found(np.zeros(100), "E", name="rec")

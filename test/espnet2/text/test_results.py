"""RESULTS.md and the real-time factor from files as the decoding stages leave them."""

import pytest

from espnet2.bin.calculate_rtf import main as calculate_rtf
from espnet2.bin.show_asr_result import main as show_asr_result
from espnet2.text.score_report import report
from espnet2.text.scoring import score
from espnet2.utils.errors import InputError


def _result(folder, hypothesis):
    folder.mkdir(parents=True)
    lines = report(score({"s-u": ["a", "b"]}, {"s-u": hypothesis.split()}), "hyp.trn")
    (folder / "result.txt").write_text("\n".join(lines))


def test_results(tmp_path, capsys):
    exp = tmp_path / "exp" / "asr_x"
    _result(exp / "decode" / "test" / "score_wer", "a b")
    _result(exp / "decode" / "org" / "dev" / "score_wer", "a")
    _result(exp / "decode" / "test" / "score_cer", "a c")
    (exp / "decode" / "test" / "score_ter").mkdir()
    show_asr_result([str(tmp_path / "exp")])
    shown = capsys.readouterr().out
    assert "# RESULTS\n## Environments\n- date: `" in shown and "- pytorch version: `" in shown
    wer = "|dataset|Snt|Wrd|Corr|Sub|Del|Ins|Err|S.Err|\n|---|---|---|---|---|---|---|---|---|\n"
    wer += "|decode/org/dev|1|2|50.0|0.0|50.0|0.0|50.0|100.0|\n|decode/test|1|2|100.0|0.0|0.0|0.0|0.0|0.0|\n"
    assert f"\n## {exp}\n### WER\n\n{wer}" in shown
    assert "### CER" in shown and "### TER" not in shown
    show_asr_result([str(exp), "--mindepth", "1"])
    assert "##" in capsys.readouterr().out
    show_asr_result([str(exp)])
    assert wer in capsys.readouterr().out


def _log(path, *lines):
    path.write_text("".join(f"2026-01-01 00:00:{second} (m:1) INFO: {text}\n" for second, text in lines))


def test_real_time_factor(tmp_path, capsys):
    _log(
        tmp_path / "asr_inference.1.log",
        ("00,000", "speech length: 16000"),
        ("00,500", "best hypo: a"),
        ("09,000", "speech length: 32000"),
        ("09,100", "speech length: 16000"),  # batch of two
        ("09,500", "best hypo: b"),
        ("10,000", "best hypo: c"),
    )
    _log(tmp_path / "asr_inference.2.log", ("00,000", "speech length: 16000"), ("00,000", "too short"))
    calculate_rtf(["--log-dir", str(tmp_path)])
    told = capsys.readouterr().out
    assert "audio duration: 5.000" in told and "decoding time: 1.500" in told and "RTF: 0.3000" in told
    assert "Latency: 375.0 [ms/sentence]" in told and "Utterances: 4, 1 of them without a hypothesis" in told


def test_no_logs(tmp_path):
    with pytest.raises(InputError, match="no 'speech length' lines in any log"):
        calculate_rtf(["--log_dir", str(tmp_path)])

"""The doors of the data stages: ``--help`` is light, errors are one message and exit code 1."""

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]
DOORS = (
    "aggregate_stats_dirs", "calculate_rtf", "check_data_dir", "format_wav_scp", "length_filter",
    "make_fbank_pitch", "score_trn", "show_asr_result", "split_scps", "tokenize_text",
    "train_sentencepiece",
)  # fmt: skip
HEAVY = {"torch", "numpy", "soundfile", "scipy", "sentencepiece", "rapidfuzz", "soxr", "kaldiio"}


@pytest.mark.parametrize("door", DOORS)
def test_help_is_light(door):
    code = f"""
import sys
from espnet2.bin.{door} import main
try:
    main(["--help"])
except SystemExit as stop:
    assert stop.code == 0
print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.strip() == "[]"
    assert "--config" in done.stdout


def test_error_is_one_message(tmp_path):
    words = ["-m", "espnet2.bin.format_wav_scp", str(tmp_path / "none.scp"), str(tmp_path / "out")]
    done = subprocess.run([sys.executable, *words], cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"ERROR: {tmp_path}/none.scp: No such file or directory" in done.stderr


def test_train_sentencepiece(tmp_path):
    from espnet2.bin.train_sentencepiece import main

    (tmp_path / "text").write_text("HELLO WORLD\nTHE WIDE WORLD\n" * 9)
    (tmp_path / "symbols").write_text("<n>\n<laugh>\n")
    words = ["--input", str(tmp_path / "text"), "--model_prefix", str(tmp_path / "d" / "bpe"), "--vocab_size", "24"]
    for symbols in ("<n>,<laugh>", str(tmp_path / "symbols")):
        main([*words, "--model_type", "bpe", "--user_defined_symbols", symbols])
        pieces = [line.split("\t")[0] for line in (tmp_path / "d" / "bpe.vocab").read_text().splitlines()]
        assert len(pieces) == 24 and pieces[:5] == ["<unk>", "<s>", "</s>", "<n>", "<laugh>"]
    assert (tmp_path / "d" / "bpe.model").exists()

"""The inference doors end to end on the reference models and small sound files."""
import importlib
import json
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

from espnet2.bin import asr_inference, asr_transcribe, lm_calc_perplexity
from espnet2.inference.options import parse_required
from espnet2.inference.perplexity import perplexity
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

PARITY = SHARED / "parity"
SEARCH = ["--beam_size", "3", "--ctc_weight", "0.3", "--maxlenratio", "-4"]


@pytest.fixture
def model(tmp_path):
    for name in ("asr_conformer", "lm_seq_rnn"):
        (tmp_path / name).mkdir()
        shutil.copy(PARITY / name / "config.yaml", tmp_path / name)
        shutil.copy(PARITY / name / "model.pth", tmp_path / name / "valid.loss.best.pth")
    return tmp_path


def write_set(folder, number=5):
    """Utterances of different lengths, the fourth too short for the model."""
    speech = np.load(PARITY / "asr_conformer" / "input.npz")["speech"]
    lines = []
    for index in range(number):
        path = folder / f"{index}.wav"
        length = 500 if index == 3 else 20480 - 1700 * index
        soundfile.write(path, speech[index % 2, :length] * 0.1, 16000)
        lines.append(f"utt{index} {path}")
    (folder / "wav.scp").write_text("\n".join(lines) + "\n")
    return folder / "wav.scp"


def decode(model, scp, output, *options):
    folder = model / "asr_conformer"
    words = ["--asr_train_config", folder / "config.yaml", "--asr_model_file", folder / "valid.loss.best.pth"]
    words += ["--data_path_and_name_and_type", f"{scp},speech,sound", "--output_dir", output, "--num_workers", "0"]
    asr_inference.main([str(word) for word in [*words, *SEARCH, *options]])


def table(path):
    return dict(line.partition(" ")[::2] for line in path.read_text().splitlines())


@needs_shared
def test_layout_is_the_same_for_every_batch_size(model, tmp_path):
    scp = write_set(tmp_path)
    for size in (1, 3):
        decode(model, scp, tmp_path / f"out{size}", "--batch_size", str(size), "--nbest", "2")
    for folder in ("1best_recog", "2best_recog"):
        assert {f.name for f in (tmp_path / "out1" / folder).iterdir()} == {"text", "token", "token_int", "score"}
        for name in ("text", "token", "token_int"):
            content = (tmp_path / "out1" / folder / name).read_text()
            assert content == (tmp_path / "out3" / folder / name).read_text()
            assert list(table(tmp_path / "out1" / folder / name)) == [f"utt{i}" for i in range(5)]
    best = tmp_path / "out1" / "1best_recog"
    assert table(best / "text")["utt3"] == " "
    assert table(best / "token_int")["utt3"] == "2"
    assert table(best / "score")["utt3"] == "0.0"
    assert float(table(best / "score")["utt0"]) < 0
    tokens, ids = table(best / "token"), table(best / "token_int")
    assert len(tokens["utt0"].split()) == len(ids["utt0"].split()) == 4


@needs_shared
def test_key_file_and_language_model(model, tmp_path):
    (tmp_path / "keys.scp").write_text("utt2\nutt0\n")
    lm = model / "lm_seq_rnn"
    decode(
        model, write_set(tmp_path), tmp_path / "out", "--key_file", str(tmp_path / "keys.scp"),
        "--lm_train_config", str(lm / "config.yaml"), "--lm_file", str(lm / "valid.loss.best.pth"), "--lm_weight", "0.3",
    )  # fmt: skip
    assert list(table(tmp_path / "out" / "1best_recog" / "text")) == ["utt2", "utt0"]


@needs_shared
def test_bad_utterances_are_named_and_the_others_done(model, tmp_path):
    scp = write_set(tmp_path)
    (tmp_path / "1.wav").write_text("this is no sound")
    (tmp_path / "2.wav").unlink()
    with pytest.raises(InputError, match="2 utterances could not be read") as refusal:
        decode(model, scp, tmp_path / "out", "--batch_size", "2")
    assert "utt1" in str(refusal.value)
    assert "2.wav" in str(refusal.value)
    assert list(table(tmp_path / "out" / "1best_recog" / "text")) == ["utt0", "utt3", "utt4"]


@needs_shared
def test_unsupported_options_are_refused(model, tmp_path):
    with pytest.raises(InputError, match="multi_asr: not supported"):
        decode(model, write_set(tmp_path), tmp_path / "out", "--multi_asr", "true")
    with pytest.raises(InputError, match="one GPU"):
        decode(model, write_set(tmp_path), tmp_path / "out", "--ngpu", "2")


@needs_shared
def test_perplexity(model, tmp_path):
    (tmp_path / "text").write_text("a THE CAT\nb NO\n")
    lm = model / "lm_seq_rnn"
    for output, extra in (("e", []), ("ten", ["--log_base", "10", "--batch_size", "2"])):
        lm_calc_perplexity.main(
            ["--train_config", str(lm / "config.yaml"), "--model_file", str(lm / "valid.loss.best.pth"), *extra]
            + ["--data_path_and_name_and_type", f"{tmp_path / 'text'},text,text", "--output_dir", str(tmp_path / output)]
        )
    assert table(tmp_path / "e" / "utt2ntokens") == {"a": "8", "b": "3"}  # characters and eos
    each = {uid: float(value) for uid, value in table(tmp_path / "e" / "utt2ppl").items()}
    whole = float((tmp_path / "e" / "ppl").read_text())
    assert whole == pytest.approx(math.exp((8 * math.log(each["a"]) + 3 * math.log(each["b"])) / 11))
    assert float((tmp_path / "e" / "base").read_text()) == math.e
    assert float((tmp_path / "ten" / "base").read_text()) == 10
    assert float((tmp_path / "ten" / "ppl").read_text()) == pytest.approx(whole)
    assert perplexity(6.0, 3) == pytest.approx(math.exp(2.0))


@needs_shared
def test_transcribe(model, tmp_path, capsys):
    speech = np.load(PARITY / "asr_conformer" / "input.npz")["speech"][0] * 0.1
    soundfile.write(tmp_path / "a.wav", speech, 16000)
    soundfile.write(tmp_path / "stereo.flac", np.stack([speech, speech], 1), 8000)
    files = [str(tmp_path / "a.wav"), str(tmp_path / "stereo.flac")]
    asr_transcribe.main(["--exp", str(model / "asr_conformer"), *SEARCH, *files])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == files
    output = tmp_path / "out.json"
    asr_transcribe.main(
        ["--exp", str(model / "asr_conformer"), *SEARCH, "--format", "json", "--output", str(output), *files]
    )
    rows = json.loads(output.read_text())
    assert [row["file"] for row in rows] == files
    assert [f"{row['file']}\t{row['text']}" for row in rows] == lines
    assert rows[1]["duration_seconds"] == pytest.approx(2 * rows[0]["duration_seconds"], abs=1e-3)
    with pytest.raises(InputError, match="missing.wav"):
        asr_transcribe.main(["--exp", str(model / "asr_conformer"), str(tmp_path / "missing.wav")])
    with pytest.raises(InputError, match="--nbest: only the best result"):
        asr_transcribe.main(["--exp", str(model / "asr_conformer"), "--nbest", "2", *files])


@pytest.mark.parametrize("door", ["asr_inference", "lm_calc_perplexity", "asr_transcribe"])
def test_help_imports_no_torch(door):
    code = (
        f"import sys\nfrom espnet2.bin import {door}\n"
        f"text = {door}.get_parser().format_help()\nassert 'torch' not in sys.modules\nassert '--batch_size' in text"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "door, shown",
    [
        ("asr_inference", ["long_seconds", "strict_rate"]),
        ("asr_inference_maskctc", ["long_seconds", "strict_rate"]),
        ("tts_inference", ["strict_rate"]),
        ("lm_inference", []),
        ("lm_calc_perplexity", []),
    ],
)
def test_doors_show_what_they_use_and_know_what_others_use(door, shown, tmp_path, capsys):
    module = importlib.import_module(f"espnet2.bin.{door}")
    parser = module.get_parser()
    text = parser.format_help()
    assert [name for name in ("long_seconds", "strict_rate") if f"--{name}" in text] == shown
    (tmp_path / "decode.yaml").write_text("long_seconds: 30\nstrict_rate: true\n")
    args = parse_required(parser, ["--config", str(tmp_path / "decode.yaml"), "--strict_rate", "false"])
    told = capsys.readouterr().err
    assert ("strict_rate has no effect" in told, "long_seconds has no effect" in told) == (
        "strict_rate" not in shown,
        "long_seconds" not in shown,
    )
    assert parse_required(module.get_parser(), []).ngpu == 0 and not capsys.readouterr().err
    assert args.batch_size == 1


def test_speech2text_is_handed_on():
    assert asr_inference.Speech2Text.__name__ == "Speech2Text"
    with pytest.raises(AttributeError):
        asr_inference.Speech3Text
    assert torch.is_grad_enabled()

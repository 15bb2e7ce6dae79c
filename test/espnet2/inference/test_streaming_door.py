"""asr_inference_streaming on sets and on live input."""

import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from espnet2.bin import asr_inference, asr_inference_streaming
from espnet2.utils.errors import InputError
from test.espnet2.inference.streaming_models import RATE, noise, write_streaming
from test.espnet2.tasks.tiny_asr import ASR, write_experiment

SEARCH = ["--beam_size", "3", "--decoding_mode", "ctc_greedy"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_streaming(tmp_path_factory.mktemp("door") / "model")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for number, seconds in enumerate((1.0, 2.5, 0.0, 0.01, 1.7)):
        soundfile.write(folder / f"{number}.wav", noise(seconds, number), RATE)
    return folder


def decode(model, sounds, output, *options, door=asr_inference_streaming):
    scp = output.with_suffix(".scp")
    scp.write_text("".join(f"utt{number} {sounds}/{number}.wav\n" for number in range(5)))
    words = ["--model_tag", model, "--data_path_and_name_and_type", f"{scp},speech,sound", "--output_dir", output]
    door.main([str(word) for word in [*words, "--num_workers", "0", *SEARCH, *options]])
    return {name: (output / "1best_recog" / name).read_text() for name in ("text", "token", "token_int", "score")}


def test_a_set_has_the_layout_of_asr_inference(model, sounds, tmp_path):
    whole = decode(model, sounds, tmp_path / "whole", "--sim_chunk_length", "0")
    offline = decode(model, sounds, tmp_path / "offline", door=asr_inference)
    for name in ("text", "token", "token_int"):
        assert whole[name] == offline[name], name
    assert whole["text"].splitlines()[2:4] == ["utt2  ", "utt3  "]
    for name, options in {
        "default": [],
        "small": ["--sim_chunk_length", "333"],
        "batch": ["--batch_size", "3"],
        "timed": ["--latency", "true"],
    }.items():
        found = decode(model, sounds, tmp_path / name, *options)
        assert {key: found[key] for key in ("text", "token", "token_int")} == {
            key: whole[key] for key in ("text", "token", "token_int")
        }, name
    words = decode(model, sounds, tmp_path / "words", "--word_times", "true", "--nbest", "1")
    assert words["text"] == whole["text"] and (tmp_path / "words" / "1best_recog" / "words").exists()


def test_the_log_tells_the_speed_and_the_latency(model, sounds, tmp_path, capsys):
    decode(model, sounds, tmp_path / "out", "--latency", "true")
    lines = [line.partition("INFO: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert [line for line in lines if line.startswith("speech length")][:2] == ["speech length: 16000", "speech length: 40000"]
    assert sum(line.startswith("best hypo: ") for line in lines) == 5
    assert any(line.startswith("real-time factor") for line in lines)


def test_files_and_folders_live(model, sounds, tmp_path, capsys):
    offline = decode(model, sounds, tmp_path / "offline", door=asr_inference)["text"].splitlines()
    texts = [line.partition(" ")[2] for line in offline]
    capsys.readouterr()
    asr_inference_streaming.main(["--exp", str(model), *SEARCH, "--endpoint", "false", str(sounds)])
    captured = capsys.readouterr()
    lines = [line.split("\t") for line in captured.out.splitlines()]
    heard = [(f"{sounds}/{number}.wav", texts[number]) for number in range(5) if texts[number].strip()]
    assert [(name, text) for name, _, text in lines] == heard and heard
    assert lines[0][1].startswith("0.00-")
    assert "token delay" in captured.err


def test_raw_samples_from_standard_input(model, monkeypatch, capsys):
    samples = (noise(2.5, 1) * 32768).astype("<i2")
    texts = []
    for rate, given in ((RATE, samples), (8000, samples[::2])):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(given.tobytes())))
        asr_inference_streaming.main(["--exp", str(model), *SEARCH, "--sample_rate", str(rate), "--latency", "false", "-"])
        captured = capsys.readouterr()
        name, times, text = captured.out.splitlines()[-1].split("\t")
        assert name == "standard input" and "token delay" not in captured.err
        texts.append(text)
    assert all(texts)


def test_the_growing_text_is_shown_on_a_terminal(model, sounds, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    asr_inference_streaming.main(["--exp", str(model), *SEARCH, str(sounds / "1.wav")])
    captured = capsys.readouterr()
    assert captured.err.count("\r\x1b[K") > 2 and "\r" not in captured.out


def test_an_interrupted_stream_is_finished(model, monkeypatch, capsys):
    from espnet2.inference import live_sources

    def heard(rate, num_samples):
        yield (noise(2.5, 1) * 32768).astype(np.int16)
        raise KeyboardInterrupt

    monkeypatch.setattr(live_sources, "microphone_chunks", heard)
    asr_inference_streaming.main(["--exp", str(model), *SEARCH, "--microphone", "true"])
    assert capsys.readouterr().out.startswith("microphone\t0.00-")


def test_an_offline_model_is_told_what_to_do(tmp_path, sounds):
    write_experiment(tmp_path / "offline", ASR)
    with pytest.raises(InputError, match="use_streaming: false"):
        decode(tmp_path / "offline", sounds, tmp_path / "out")


def test_a_configuration_serves_both_doors(model, sounds, tmp_path):
    config = tmp_path / "decode.yaml"
    config.write_text("sim_chunk_length: 640\ndisable_repetition_detection: true\nendpoint: false\nstreaming: false\n")
    texts = [
        decode(model, sounds, tmp_path / door.__name__, "--config", config, door=door)["text"]
        for door in (asr_inference, asr_inference_streaming)
    ]
    assert texts[0] == texts[1]
    with pytest.raises(InputError, match="multi_asr: not supported"):
        decode(model, sounds, tmp_path / "out", "--multi_asr", "true")


def test_a_set_or_live_input_must_be_named(model, capsys):
    with pytest.raises(SystemExit):
        asr_inference_streaming.main(["--model_tag", str(model)])
    assert "--data_path_and_name_and_type" in capsys.readouterr().err


def test_help_imports_no_torch():
    code = (
        "import sys\nfrom espnet2.bin import asr_inference_streaming as door\n"
        "text = door.get_parser().format_help()\nassert 'torch' not in sys.modules\nassert '--sim_chunk_length' in text"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Bad models and bad audio at the real doors: one clear error and nothing written, or a blank result with a warning."""

import os
import zipfile

import numpy as np
import pytest
import soundfile
import torch

from espnet2.bin import asr_inference, asr_transcribe
from espnet2.utils.door import run_door
from test.espnet2.tasks.tiny_asr import ASR, LM, TOKENS, write_config, write_experiment

SEARCH = ["--beam_size", "2", "--maxlenratio", "-3"]
RATE = 16000


@pytest.fixture
def exp(tmp_path, monkeypatch):
    """An experiment folder; the working directory has a good sound file in ``wav.scp``."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_experiment(tmp_path / "exp")
    write_sounds(good=sound())
    return tmp_path / "exp"


def sound(length=6000, channels=None, seed=0):
    shape = length if channels is None else (length, channels)
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32) * 0.1


def write_sounds(rate=RATE, **sounds):
    """Sound files and the ``wav.scp`` of them."""
    with open("wav.scp", "w") as table:
        for uid, samples in sounds.items():
            soundfile.write(f"{uid}.wav", samples, rate, "FLOAT")
            table.write(f"{uid} {uid}.wav\n")


def decode(model, *words):
    """``asr_inference`` on ``wav.scp``, as the door runs it."""
    data = ["--data_path_and_name_and_type", "wav.scp,speech,sound", "--output_dir", "out", "--num_workers", "0"]
    run_door(lambda: asr_inference.main(["--model_tag", str(model), *data, *SEARCH, *words]))


def refused(capfd, call):
    """The one error that a door prints."""
    with pytest.raises(SystemExit) as stop:
        call()
    assert stop.value.code == 1
    told = capfd.readouterr().err
    assert told.count("ERROR: ") == 1 and "Traceback" not in told
    assert not os.path.exists("out"), "nothing is written"
    return told[told.index("ERROR: ") :]


def texts(name="text"):
    with open(f"out/1best_recog/{name}") as lines:
        return dict(line.rstrip("\n").partition(" ")[::2] for line in lines)


def test_model_of_another_architecture(exp, capfd):
    write_config(exp, ASR, decoder_conf=ASR["decoder_conf"] | {"linear_units": 9})
    assert "does not fit the configuration: decoder.decoders.0" in refused(capfd, lambda: decode(exp))
    write_config(exp, ASR, encoder_conf=ASR["encoder_conf"] | {"num_blocks": 3})
    assert "lacks parameters of the model: encoder.encoders.2" in refused(capfd, lambda: decode(exp))


def test_archive_with_a_path_that_leaves_the_folder(exp, tmp_path, capfd):
    with zipfile.ZipFile("model.zip", "w") as file:
        file.writestr("meta.yaml", "files: {}\nyaml_files: {}\n")
        file.writestr("../../../evil", "x")
    told = refused(capfd, lambda: decode("model.zip"))
    assert "model.zip: refused, nothing is unpacked: the path '../../../evil' in it leaves the folder" in told
    assert not (tmp_path / "cache").exists() and not list(tmp_path.rglob("evil"))
    with open("model.zip", "wb") as file:
        file.write(b"PK\x03\x04 and no more")
    assert "model.zip: a broken archive" in refused(capfd, lambda: decode("model.zip"))


class Harmful:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_pickle_that_would_run_code(exp, tmp_path, capfd):
    torch.save({"encoder": Harmful()}, exp / "valid.acc.ave.pth")
    assert "which could run code" in refused(capfd, lambda: decode(exp))
    told = refused(capfd, lambda: run_door(lambda: asr_transcribe.main(["--exp", str(exp), "good.wav"])))
    assert "valid.acc.ave.pth cannot be read as tensors: refused" in told
    assert not (tmp_path / "ran").exists()


def test_configuration_with_unknown_parts_and_options(exp, capfd):
    write_config(exp, ASR, encoder="conformr")
    assert "config.yaml: encoder: unknown 'conformr'. Did you mean 'conformer'?" in refused(capfd, lambda: decode(exp))
    write_config(exp, ASR, encoder="beats")
    assert "config.yaml: encoder: 'beats' is not supported" in refused(capfd, lambda: decode(exp))
    write_config(exp, ASR, decoder_conf={"num_blocs": 1})
    told = refused(capfd, lambda: decode(exp))
    assert "config.yaml: decoder_conf: TransformerDecoder has no option 'num_blocs'. Did you mean 'num_blocks'?" in told
    (exp / "config.yaml").write_text("encoder: [unclosed\n")
    assert "config.yaml is not valid YAML" in refused(capfd, lambda: decode(exp))


def test_language_model_with_another_vocabulary(exp, tmp_path, capfd):
    write_experiment(tmp_path / "lm", LM, token_list=[*TOKENS[:-1], "e", TOKENS[-1]])
    told = refused(capfd, lambda: decode(exp, "--lm_file", str(tmp_path / "lm" / "valid.acc.ave.pth")))
    assert "the language model has 9 tokens, the recogniser 8; token 7 is '<sos/eos>' there 'e'" in told


def test_empty_and_too_short_utterances_among_good_ones(exp, capfd):
    good = {"good": sound(), "better": sound(7000, seed=1)}
    write_sounds(**good)
    decode(exp)
    alone = texts()
    write_sounds(empty=sound(0), good=good["good"], click=sound(1), short=sound(300), better=good["better"])
    decode(exp, "--batch_size", "5")
    assert list(texts()) == ["empty", "good", "click", "short", "better"]
    assert {uid: text for uid, text in texts().items() if uid in alone} == alone
    for uid in ("empty", "click", "short"):
        assert (texts()[uid], texts("token")[uid], texts("score")[uid]) == (" ", "<space>", "0.0")
    told = capfd.readouterr().err
    assert "utterance 'empty': empty.wav: no samples: its result is blank" in told
    assert "needs at least" in told


def test_transcribing_empty_and_too_short_files(exp, capfd):
    write_sounds(empty=sound(0), good=sound(), click=sound(1))
    files = ["empty.wav", "good.wav", "click.wav"]
    asr_transcribe.main(["--exp", str(exp), *SEARCH, "--batch_size", "3", *files])
    told = capfd.readouterr()
    lines = dict(line.split("\t") for line in told.out.splitlines())
    assert list(lines) == files and lines["empty.wav"] == lines["click.wav"] == "" != lines["good.wav"]
    assert "empty.wav: no samples: its result is blank" in told.err


def test_eight_channels(exp, capsys):
    """Decoding takes the first channel, as in ESPnet2; transcribing takes their mean."""
    channels = sound(6000, 8)
    write_sounds(one=channels[:, 0])
    decode(exp)
    write_sounds(one=channels)
    one = float(texts("score")["one"])
    decode(exp)
    assert float(texts("score")["one"]) == pytest.approx(one, rel=1e-4)
    write_sounds(eight=channels, mean=channels.mean(1))
    asr_transcribe.main(["--exp", str(exp), *SEARCH, "eight.wav", "mean.wav"])
    eight, mean = (line.split("\t")[1] for line in capsys.readouterr().out.splitlines())
    assert eight == mean


def test_other_sampling_rates_are_resampled_with_a_note_or_refused(exp, capfd):
    write_sounds(8000, a=sound(3000), b=sound(3000, seed=1))
    told = refused(capfd, lambda: decode(exp, "--strict_rate", "true"))
    assert "wav.scp:1: utterance 'a': a.wav: 8000 Hz, but the model works at 16000 Hz" in told
    decode(exp)
    assert set(texts()) == {"a", "b"} and texts()["a"].strip()
    told = capfd.readouterr().err
    assert told.count("a.wav: 8000 Hz; it and others of this rate are resampled to the model's 16000 Hz") == 1
    assert "b.wav: 8000" not in told
    told = refused_transcription(capfd, exp, "--strict_rate", "true")
    assert "a.wav: 8000 Hz, but the model works at 16000 Hz; --strict_rate false resamples it" in told
    asr_transcribe.main(["--exp", str(exp), *SEARCH, "a.wav"])
    assert "a.wav: resampled from 8000 to the model's 16000 Hz" in capfd.readouterr().err


def refused_transcription(capfd, exp, *words):
    with pytest.raises(SystemExit):
        run_door(lambda: asr_transcribe.main(["--exp", str(exp), *SEARCH, *words, "a.wav"]))
    return capfd.readouterr().err

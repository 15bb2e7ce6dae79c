"""The task of two players through its door: training, resumption, export, refusals."""

import numpy as np
import pytest
import soundfile
import torch
import yaml

from espnet2.bin.tts_inference import main as synthesise
from espnet2.gan_tts.parallel_wavegan import load_generator
from espnet2.inference.vocoder import build_vocoder
from espnet2.tasks.gan_tts import GANTTSTask, export_vocoder
from espnet2.utils.errors import InputError
from test.espnet2.gan_tts.tiny_gan import BLOCKS, HOP, SHARED_CONF, UPSAMPLING

FEATS = {"fs": 16000, "n_fft": 256, "hop_length": HOP, "n_mels": 20}


@pytest.fixture
def corpus(tmp_path):
    generator = np.random.default_rng(0)
    ids = ["a", "b", "c", "d"]
    for uid in ids:
        soundfile.write(tmp_path / f"{uid}.wav", 0.1 * generator.standard_normal(2000), 16000)
    (tmp_path / "wav.scp").write_text("".join(f"{uid} {tmp_path / uid}.wav\n" for uid in ids))
    (tmp_path / "text").write_text("".join(f"{uid} AB\n" for uid in ids))
    (tmp_path / "shape").write_text("".join(f"{uid} 2000\n" for uid in ids))
    (tmp_path / "tokens.txt").write_text("<blank>\n<unk>\nA\nB\n<sos/eos>\n")
    config = {
        "tts": "hifigan_vocoder",
        "tts_conf": {"segment_size": 8, "generator_params": {"channels": 8, **UPSAMPLING, **BLOCKS}, **SHARED_CONF},
        "feats_extract": "fbank",
        "feats_extract_conf": FEATS,
        "optim": "adamw",
        "optim2": "sgd",
        "optim2_conf": {"lr": 0.01},
        "scheduler2": "exponentiallr",
        "scheduler2_conf": {"gamma": 0.5},
        "skip_discriminator_prob": 0.3,
        "batch_type": "unsorted",
        "batch_size": 2,
        "best_model_criterion": [["train", "total_count", "max"]],
        "use_matplotlib": False,
        "use_tensorboard": False,
        "num_att_plot": 0,
        "num_workers": 0,
    }
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def run(corpus, name, *words):
    options = {
        "config": "train.yaml",
        "token_list": "tokens.txt",
        "train_shape_file": "shape",
        "valid_shape_file": "shape",
    }
    cmd = ["--output_dir", str(corpus / name), "--token_type", "char", "--resume", "true"]
    for option, file in options.items():
        cmd += [f"--{option}", str(corpus / file)]
    for mode in ("train", "valid"):
        for file, data, kind in (("text", "text", "text"), ("wav.scp", "speech", "sound")):
            cmd += [f"--{mode}_data_path_and_name_and_type", f"{corpus / file},{data},{kind}"]
    GANTTSTask.main(cmd=[*cmd, *map(str, words)])


@pytest.mark.slow
def test_training_resumes_as_if_it_had_not_stopped(corpus):
    run(corpus, "whole", "--max_epoch", 2)
    run(corpus, "parts", "--max_epoch", 1)
    first = torch.load(corpus / "parts" / "checkpoint.pth", weights_only=True)
    run(corpus, "parts", "--max_epoch", 2)
    whole, parts = (torch.load(corpus / name / "checkpoint.pth", weights_only=True) for name in ("whole", "parts"))
    assert len(whole["optimizers"]) == 2 and whole["optimizers"][1]["param_groups"][0]["lr"] == 0.0025
    for name, value in whole["model"].items():
        assert torch.equal(value, parts["model"][name]), name
    assert any(
        not torch.equal(value, first["model"][name])
        for name, value in whole["model"].items()
        if "discriminator" in name
    )


@pytest.mark.slow
def test_export(corpus):
    run(corpus, "exp", "--max_epoch", 1)
    path = export_vocoder(None, str(corpus / "exp" / "latest.pth"), str(corpus / "exported"))
    vocoder, rate, hop = load_generator(path)
    assert (rate, hop) == (16000, HOP)
    assert vocoder(torch.zeros(5, 20)).shape == (5 * HOP,)


@pytest.mark.slow
def test_bands_through_the_doors(corpus):
    config = yaml.safe_load((corpus / "train.yaml").read_text())
    bands = {"channels": 16, "upsample_scales": [4, 4], "stacks": 2, "out_channels": 4}
    config["tts"] = "vocoder"
    config["tts_conf"] |= {"generator_type": "melgan_generator", "generator_params": bands, "use_pqmf": True}
    (corpus / "train.yaml").write_text(yaml.safe_dump(config))
    run(corpus, "exp", "--max_epoch", 1)
    path = export_vocoder(None, str(corpus / "exp" / "latest.pth"), str(corpus / "exported"))
    exported, own = load_generator(path)[0], build_vocoder(None, None, corpus / "exp" / "latest.pth", {}, "cpu")
    feats = torch.randn(40, 20)
    torch.testing.assert_close(exported(feats), own(feats))
    torch.testing.assert_close(torch.cat(list(own.stream(feats))), own(feats))


@pytest.mark.slow
def test_a_vocoder_makes_recordings_anew(corpus):
    run(corpus, "exp", "--max_epoch", 1)
    (corpus / "text").write_text("a AB\nb \nc XYZ\n")  # texts do not matter
    data = [f"{corpus}/text,text,text", f"{corpus}/wav.scp,speech,sound"]
    words = [word for entry in data for word in ("--data_path_and_name_and_type", entry)]
    synthesise(["--output_dir", str(corpus / "out"), "--model_file", str(corpus / "exp" / "latest.pth"), *words])
    num_frames = 2000 // HOP + 1
    shapes = (corpus / "out" / "speech_shape" / "speech_shape").read_text()
    assert shapes == "".join(f"{uid} {num_frames},20\n" for uid in "abc")
    for uid in "abc":
        wave, rate = soundfile.read(corpus / "out" / "wav" / f"{uid}.wav")
        assert rate == 16000 and len(wave) == num_frames * HOP


def test_refusals(corpus):
    with pytest.raises(InputError, match="hop_length is 32"):
        run(corpus, "bad", "--feats_extract_conf", "hop_length=32", "--dry_run", "true")
    with pytest.raises(InputError, match="not derived"):
        run(corpus, "bad", "--loop", "espnet2.train.loop:Loop")
    with pytest.raises(InputError, match="lambda_mel"):
        run(corpus, "bad", "--tts_conf", "lambda_mell=1", "--dry_run", "true")
    with pytest.raises(InputError, match="leave odim out"):
        run(corpus, "bad", "--odim", "20", "--dry_run", "true")

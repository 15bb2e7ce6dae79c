"""Recognisers with parts of other trainings: trained from their weights, loaded without them."""
import shutil
import socket

import pytest
import torch
import yaml

from espnet2.fileio.hugging_face import experiment
from espnet2.layers import whisper_weights
from espnet2.tasks.asr import ASRTask
from espnet2.utils.errors import InputError
from test.espnet2.hugging_face_folders import save_network
from test.espnet2.whisper_files import TINY, save_release

TOKENS = ["<blank>", "<unk>", *"abcdefg", "<sos/eos>"]


def build(**config):
    args = ASRTask.default_args()
    vars(args).update(token_list=list(TOKENS), normalize=None, **config)
    torch.manual_seed(3)
    return ASRTask.build_model(args), args


def save(folder, model, args):
    (folder / "config.yaml").write_text(yaml.safe_dump({k: v for k, v in vars(args).items() if v is not None}))
    torch.save(model.state_dict(), folder / "model.pth")
    return folder / "config.yaml", folder / "model.pth"


def batch():
    torch.manual_seed(0)
    return {
        "speech": torch.randn(2, 8000), "speech_lengths": torch.tensor([8000, 6000]),
        "text": torch.tensor([[2, 3, 4], [5, 6, -1]]), "text_lengths": torch.tensor([3, 2]),
    }  # fmt: skip


def test_whisper_recogniser_trains_and_loads_without_the_weights(tmp_path, monkeypatch):
    monkeypatch.setitem(whisper_weights.WHISPER_SIZES, "tiny", TINY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    part = {"whisper_model": "tiny", "download_dir": str(tmp_path)}
    config = {"input_size": 1, "encoder": "whisper", "encoder_conf": part, "decoder": "whisper", "decoder_conf": part,
              "init": "xavier_uniform"}  # fmt: skip
    with pytest.raises(InputError, match="Put tiny.pt"):
        build(**config)
    weights = save_release(tmp_path)
    model, args = build(**config)
    released = torch.load(weights, weights_only=True)["model_state_dict"]["encoder.conv1.weight"]
    assert torch.equal(model.encoder.encoders.conv1.weight, released)
    loss, stats, _ = model(**batch())
    loss.backward()
    assert torch.isfinite(loss) and "acc" in stats
    files = save(tmp_path, model, args)
    weights.unlink()
    loaded, _ = ASRTask.build_model_from_file(*files)
    again = loaded.eval().state_dict()
    assert all(torch.equal(value, again[name]) for name, value in model.state_dict().items())


def test_parts_of_hugging_face_need_the_files_of_the_experiment_only(tmp_path, monkeypatch):
    encoder, _ = save_network(tmp_path, "bert")
    decoder, _ = save_network(tmp_path, "bart", "AutoModelForSeq2SeqLM")
    config = {
        "frontend_conf": {"n_mels": 20}, "encoder": "transformer",
        "encoder_conf": {"output_size": 8, "attention_heads": 2, "linear_units": 16, "num_blocks": 1, "input_layer": "conv2d"},
        "postencoder": "hugging_face_transformers",
        "postencoder_conf": {"model_name_or_path": encoder, "length_adaptor_n_layers": 1},
        "decoder": "hugging_face_transformers", "decoder_conf": {"model_name_or_path": decoder},
    }  # fmt: skip
    with experiment(tmp_path, is_training=True):
        model, args = build(**config)
    loss, _, _ = model(**batch())
    loss.backward()
    assert torch.isfinite(loss)
    files = save(tmp_path, model, args)
    for folder in (encoder, decoder):
        shutil.rmtree(folder)

    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    loaded, _ = ASRTask.build_model_from_file(*files)
    again = loaded.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in model.state_dict().items())

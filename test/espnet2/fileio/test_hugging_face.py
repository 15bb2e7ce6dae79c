"""Where networks of Hugging Face come from."""

import json
import logging
import socket
import sys

import pytest

from espnet2.fileio.hugging_face import experiment, from_pretrained, read_config, transformers
from espnet2.utils.errors import InputError


def test_without_the_package_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install \"espnet2-surface-toolkit\[transformers\]\""):
        transformers()


class Reader:
    calls: list = []

    @classmethod
    def from_pretrained(cls, name, local_files_only=False):
        cls.calls.append((name, local_files_only))
        raise OSError("not there")


@pytest.fixture
def reader(monkeypatch):
    package = pytest.importorskip("transformers", reason="its readers are replaced")
    monkeypatch.setattr(package, "AutoConfig", Reader)
    monkeypatch.setattr(Reader, "calls", [])
    return Reader


@pytest.fixture
def no_network(monkeypatch):
    """A list of what was asked of the network, which is not there."""
    asked: list = []

    def refuse(*args, **kwargs):
        asked.append(args)
        raise OSError("the network was asked")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    return asked


def test_this_machine_is_asked_first_and_what_is_nowhere_is_told(reader, caplog, tmp_path):
    with experiment(tmp_path, is_training=True), caplog.at_level(logging.WARNING):
        with pytest.raises(InputError, match="Bring its folder"):
            from_pretrained("AutoConfig", "somebody/something")
        assert reader.calls == [("somebody/something", False)]
        assert "trying to download it" in caplog.text
        with pytest.raises(InputError, match="cannot be read as AutoConfig"):
            from_pretrained("AutoConfig", str(tmp_path))
    assert reader.calls[1:] == [(str(tmp_path), True)]


@pytest.mark.parametrize("name", ["./bert", "../bert", "/nowhere/bert", "models/networks/bert", "downloads/bert"])
def test_a_training_downloads_no_path(reader, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "downloads").mkdir()
    with experiment("exp", is_training=True), pytest.raises(InputError, match=f"^{name} is neither a folder"):
        read_config(name)
    assert not reader.calls


@pytest.mark.parametrize("name", ["somebody/something", "bert", "/nowhere/bert"])
def test_without_a_training_the_network_is_not_asked(no_network, name, tmp_path):
    pytest.importorskip("transformers", reason="its readers are asked")
    with pytest.raises(InputError, match=f"^{name} is neither a folder"):
        from_pretrained("AutoTokenizer", name)
    with experiment(tmp_path, is_training=False), pytest.raises(InputError, match="Bring the folder"):
        read_config(name)
    assert not no_network


def test_a_name_means_the_folder_of_the_cache(reader, no_network, tmp_path, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants", reason="its cache is looked into")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--somebody--something" / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (tmp_path / "models--somebody--something" / "refs").mkdir()
    (tmp_path / "models--somebody--something" / "refs" / "main").write_text("a" * 40)
    (snapshot / "config.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read as AutoConfig"):
        from_pretrained("AutoConfig", "somebody/something")
    assert reader.calls == [(str(snapshot), True)] and not no_network


def test_an_experiment_keeps_configurations(no_network, tmp_path):
    pytest.importorskip("transformers", reason="reads the configuration")
    folder, kept = tmp_path / "bert", tmp_path / "exp"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 24, "num_attention_heads": 2}))
    with experiment(kept, is_training=True):
        config = read_config(str(folder))
    (folder / "config.json").unlink()
    folder.rmdir()
    with experiment(kept, is_training=False):
        again = read_config(str(folder))
    assert again.to_diff_dict() == config.to_diff_dict() and again.hidden_size == 24
    assert not no_network

"""Recognisers by folder, archive and snapshot: the same result from each, and never a look at the network."""

import shutil
import socket
import zipfile

import numpy as np
import pytest
import torch

from espnet2.bin.asr_inference import Speech2Text
from espnet2.config.yaml import dump_yaml
from espnet2.inference.models import find_model, with_files_of
from espnet2.utils.errors import InputError
from test.espnet2.tasks.tiny_asr import ASR, LM, TOKENS, write_experiment, write_stats

OPTIONS = {"beam_size": 2, "maxlenratio": -4, "nbest": 2}
META = {
    "espnet": "202511",
    "files": {"asr_model_file": "exp/asr/valid.acc.ave.pth", "lm_file": "exp/lm/valid.acc.ave.pth"},
    "yaml_files": {"asr_train_config": "exp/asr/config.yaml", "lm_train_config": "exp/lm/config.yaml"},
    "python": "3.11",
    "timestamp": 1.5,
    "torch": "2.6",
}
STATS = "exp/stats/train/feats_stats.npz"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A cache of its own, a working directory that holds nothing, and no network."""

    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def recipe(tmp_path):
    """A recipe with a recogniser and a language model, ``meta.yaml`` as in its packed model; no file but through it."""
    root = tmp_path / "recipe"
    write_stats(root / STATS)
    changes = {"normalize": "global_mvn", "normalize_conf": {"stats_file": str(root / STATS)}}
    write_experiment(root / "exp/asr", ASR, **changes)
    write_experiment(root / "exp/lm", LM)
    config = root / "exp/asr/config.yaml"
    config.write_text(config.read_text().replace(f"{root}/", ""))
    dump_yaml(META, root / "meta.yaml")
    return root


def pack(root, path):
    """A packed model as its layout is documented, ``meta.yaml`` first."""
    names = ["meta.yaml", *META["files"].values(), *META["yaml_files"].values(), STATS]
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.write(root / name, name)
    return path


def snapshot(root, folder):
    """Hugging Face's cache: files that are links to blobs named by content."""
    base = folder / "models--someone--model"
    (base / "refs").mkdir(parents=True)
    (base / "refs/main").write_text("abc123")
    names = ["meta.yaml", *META["files"].values(), *META["yaml_files"].values(), STATS]
    for number, name in enumerate(names):
        link = base / "snapshots/abc123" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        (base / "blobs").mkdir(exist_ok=True)
        shutil.copy(root / name, base / "blobs" / str(number))
        link.symlink_to(base / "blobs" / str(number))
    return base


def results(speech2text):
    torch.manual_seed(0)
    nbest = speech2text(torch.randn(6000))
    return [tokens for _, tokens, _, _ in nbest], [hypothesis.score for *_, hypothesis in nbest]


def assert_same(found, expected):
    assert found[0] == expected[0]
    assert found[1] == pytest.approx(expected[1], rel=1e-4)


@pytest.fixture
def expected(recipe):
    asr, lm = recipe / "exp/asr", recipe / "exp/lm"
    files = {"lm_train_config": lm / "config.yaml", "lm_file": lm / "valid.acc.ave.pth"}
    return results(Speech2Text(asr / "config.yaml", asr / "valid.acc.ave.pth", **files, **OPTIONS))


def test_packed_model_is_the_same_recogniser_with_its_language_model(recipe, expected, tmp_path):
    archive = pack(recipe, tmp_path / "model.zip")
    hub = snapshot(recipe, tmp_path / "hub")
    shutil.copytree(recipe, tmp_path / "plain")
    recipe.rename(tmp_path / "gone")
    for tag in (archive, archive, tmp_path / "plain", hub, hub / "snapshots/abc123"):
        speech2text = Speech2Text.from_pretrained(tag, **OPTIONS, lm_file=None)
        assert "lm" in speech2text.beam_search.weights
        assert_same(results(speech2text), expected)
    cached = list((tmp_path / "cache/espnet2/models").iterdir())
    assert len(cached) == 1 and (cached[0] / "meta.yaml").is_file()


def test_experiment_folder_and_weights_file(recipe, tmp_path):
    asr = recipe / "exp/asr"
    (recipe / "meta.yaml").unlink()
    one = results(Speech2Text(asr / "config.yaml", asr / "valid.acc.ave.pth", **OPTIONS))
    shutil.rmtree(recipe / "exp/stats")
    moved = asr.rename(tmp_path / "moved")
    for tag in (moved, str(moved), moved / "valid.acc.ave.pth"):
        assert_same(results(Speech2Text.from_pretrained(tag, **OPTIONS)), one)


def test_files_that_are_named_take_the_place_of_packed_ones(recipe, tmp_path):
    archive = pack(recipe, tmp_path / "model.zip")
    packed = find_model(archive)
    assert set(packed) == {"asr_train_config", "asr_model_file", "lm_train_config", "lm_file"}
    own = with_files_of(
        archive, {"lm_file": "own.pth", "lm_train_config": None, "asr_model_file": None, "beam_size": 3}
    )
    assert own["lm_file"] == "own.pth" and own["lm_train_config"] is None and own["beam_size"] == 3
    assert own["asr_model_file"] == packed["asr_model_file"]


def test_subword_model_of_a_package(recipe, tmp_path):
    """Its path in the configuration is relative to the folder that it was packed in."""
    import sentencepiece

    text, target = tmp_path / "text", recipe / "data/token_list/bpe/bpe.model"
    target.parent.mkdir(parents=True)
    text.write_text("abcd abc ab a b c d\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(target.with_suffix("")), vocab_size=10, minloglevel=2, model_type="unigram"
    )
    config = recipe / "exp/asr/config.yaml"
    config.write_text(config.read_text() + "bpemodel: data/token_list/bpe/bpe.model\n")
    config.write_text(config.read_text().replace("token_type: char", "token_type: bpe"))
    speech2text = Speech2Text.from_pretrained(recipe, **OPTIONS)
    assert speech2text.tokenizer.tokens2text(["\u2581a", "b"]) == "ab"
    target.unlink()
    with pytest.raises(InputError, match="data/token_list/bpe/bpe.model: no such sentencepiece model"):
        Speech2Text.from_pretrained(recipe, **OPTIONS)


@pytest.mark.parametrize(
    "tag,told", [("someone/model", "download someone/model --local-dir"), ("gone.zip", "download OWNER/NAME")]
)
def test_names_are_not_fetched(tag, told):
    with pytest.raises(InputError, match=f"{tag}: there is no such folder.* tools for sharing.*huggingface-cli {told}"):
        find_model(tag)


def test_malformed_packages(recipe, tmp_path):
    def refuse(message, **changes):
        dump_yaml({**META, **changes}, recipe / "meta.yaml")
        with pytest.raises(InputError, match=message):
            find_model(recipe)

    refuse("files' must hold 'option: path' lines", files=None)
    refuse("asr_model_file: there is no file .*gone.pth", files={"asr_model_file": "gone.pth"})
    refuse("asr_model_file: refused, the path '../x.pth' leaves the folder", files={"asr_model_file": "../x.pth"})
    refuse("refused, the path '/etc/hosts' leaves the folder", files={"asr_model_file": "/etc/hosts"})
    refuse("names no asr_train_config, asr_model_file, so this is no packed recogniser .it has: train_config",
           files={}, yaml_files={"train_config": "exp/asr/config.yaml"})  # fmt: skip
    base = snapshot(recipe, tmp_path / "hub")
    (base / "refs/main").write_text("other")
    (base / "snapshots/def456").mkdir()
    with pytest.raises(InputError, match="2 revisions below snapshots/ and no refs/main"):
        find_model(base)
    (base / "snapshots/def456").rmdir()
    with pytest.raises(InputError, match="no packed recogniser"):
        find_model(base)


def test_language_model_of_other_tokens_in_a_package(recipe, tmp_path):
    write_experiment(recipe / "exp/lm", LM, token_list=[*TOKENS[:-2], "q", TOKENS[-1]])
    with pytest.raises(InputError, match="token 6 is 'd' there 'q'"):
        Speech2Text.from_pretrained(pack(recipe, tmp_path / "model.zip"), **OPTIONS)


def test_waveforms_of_any_length(recipe):
    speech2text = Speech2Text.from_pretrained(recipe, **OPTIONS)
    good = np.random.default_rng(0).standard_normal(6000).astype(np.float32)
    alone = speech2text(good)[0][:3]
    for length in (0, 1, 64, 65, 383):
        blank, whole = speech2text([good[:length], good])
        assert blank[0][:3] == (" ", ["<space>"], [2]) and whole[0][:3] == alone, length

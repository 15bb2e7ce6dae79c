"""Finding and reading Whisper's weights."""
import pytest
import torch

from espnet2.layers.pretrained import pretrained_weights_come_from_checkpoint
from espnet2.layers.whisper import WHISPER_SIZES, Whisper
from espnet2.layers.whisper_weights import build_whisper
from espnet2.utils.errors import InputError
from test.espnet2.whisper_files import TINY, save_hugging_face, save_release


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_file_is_read_by_path_and_found_by_size(tmp_path):
    path = save_release(tmp_path)
    state = torch.load(path, weights_only=True)["model_state_dict"]
    for model in (build_whisper(str(path)), build_whisper("tiny", str(tmp_path))):
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_a_folder_is_found_by_size(tmp_path):
    folder, reference = save_hugging_face(tmp_path)
    model = build_whisper("tiny", str(tmp_path))
    assert torch.equal(model.decoder.blocks[1].cross_attn.key.weight, reference.model.decoder.layers[1].encoder_attn.k_proj.weight)


def test_missing_weights_are_told_where_to_lie(tmp_path):
    with pytest.raises(InputError, match=r"'large'.*Put large-v3.pt .* whisper-large-v3 .* into " + str(tmp_path)):
        build_whisper("large", str(tmp_path))
    with pytest.raises(InputError, match="no file, no folder and no known size. Did you mean 'small'"):
        build_whisper("smal")


def test_below_a_checkpoint_no_weights_are_needed(monkeypatch):
    monkeypatch.setitem(WHISPER_SIZES, "tiny", TINY)
    with pretrained_weights_come_from_checkpoint():
        assert build_whisper("tiny").encoder.positional_embedding.shape == (30, 16)
    with pytest.raises(InputError, match="are not on this machine"):
        build_whisper("tiny")


def test_other_files_are_refused(tmp_path):
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="no file of Whisper's weights"):
        build_whisper(str(tmp_path / "other.pt"))
    torch.save({"dims": TINY._asdict(), "model_state_dict": Whisper(TINY).encoder.state_dict()}, tmp_path / "half.pt")
    with pytest.raises(InputError, match="does not hold the weights"):
        build_whisper(str(tmp_path / "half.pt"))
    with pytest.raises(InputError, match="no folder of a Whisper network"):
        build_whisper(str(tmp_path))

"""Nothing that was written is lost, whatever happens while the next file is written."""

import datetime
import errno
import logging

import numpy as np
import pytest
import torch

from espnet2.train import checkpoint
from espnet2.utils.errors import InputError


def state(value):
    return {"model": {"w": torch.full((1000,), float(value))}, "epoch": value}


def test_the_predecessor_is_kept_and_read_when_the_newest_is_damaged(tmp_path, caplog):
    for epoch in (1, 2):
        checkpoint.save_checkpoint(state(epoch), tmp_path)
    loaded, path = checkpoint.load_checkpoint(tmp_path)
    assert (loaded["epoch"], path.name) == (2, "checkpoint.pth")
    path.write_bytes(path.read_bytes()[:500])
    with caplog.at_level(logging.WARNING):
        loaded, path = checkpoint.load_checkpoint(tmp_path)
    assert (loaded["epoch"], path.name) == (1, "checkpoint.prev.pth")
    assert "checkpoint.pth cannot be read" in caplog.text
    assert "checkpoint.prev.pth is used" in caplog.text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.prev.pth", "checkpoint.pth"]


def test_none_and_none_readable(tmp_path):
    assert checkpoint.load_checkpoint(tmp_path) is None
    (tmp_path / "checkpoint.pth").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read"):
        checkpoint.load_checkpoint(tmp_path)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"model": Evil()}, tmp_path / "checkpoint.pth")
    with pytest.raises(InputError, match="cannot be read"):
        checkpoint.load_checkpoint(tmp_path)


class FullDisk:
    """A file that takes 100 bytes."""

    def __init__(self, stream):
        self.stream, self.written = stream, 0

    def write(self, data):
        self.written += len(data)
        if self.written > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.stream.write(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path, monkeypatch):
    checkpoint.save_checkpoint(state(1), tmp_path)
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda data, stream: save(data, FullDisk(stream)))
    with pytest.raises(InputError, match="disk is full.*--resume true"), checkpoint.full_disk_is_told(tmp_path):
        checkpoint.save_checkpoint(state(2), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pth"]
    assert checkpoint.load_checkpoint(tmp_path)[0]["epoch"] == 1


def test_other_errors_pass():
    with pytest.raises(PermissionError), checkpoint.full_disk_is_told("."):
        raise PermissionError(errno.EACCES, "no")


def test_links_are_relative_and_replaced(tmp_path):
    (tmp_path / "2epoch.pth").write_text("two")
    checkpoint.link(tmp_path, "latest.pth", "1epoch.pth")
    checkpoint.link(tmp_path, "latest.pth", "2epoch.pth")
    assert (tmp_path / "latest.pth").read_text() == "two"
    assert (tmp_path / "latest.pth").readlink().name == "2epoch.pth"


def test_prune_keeps_the_chosen(tmp_path):
    for epoch in range(1, 5):
        (tmp_path / checkpoint.epoch_name(epoch)).touch()
    removed = checkpoint.prune(tmp_path, range(1, 5), {2, 4})
    assert removed == [str(tmp_path / "1epoch.pth"), str(tmp_path / "3epoch.pth")]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2epoch.pth", "4epoch.pth"]


def test_plain_values_of_other_programs_are_read(tmp_path):
    values = {"time": datetime.timedelta(3), "loss": np.float32(0.5)}
    torch.save(values | {"acc": np.float64(0.25), "count": np.int64(3)}, tmp_path / "checkpoint.pth")
    assert checkpoint.read(tmp_path / "checkpoint.pth") == values | {"acc": 0.25, "count": 3}

"""Archives are unpacked once by content, whole or not at all, and nothing of a harmful one is written."""

import io
import stat
import tarfile
import zipfile

import pytest

from espnet2.fileio import archive
from espnet2.utils.errors import InputError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "espnet2" / "models"


FILES = {"meta.yaml": b"files: {}\n", "exp/asr/config.yaml": b"a: 1\n", "exp/asr/valid.pth": b"\0" * 3000}


def write_zip(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def write_tar(path, files=FILES, mode="w:gz"):
    with tarfile.open(path, mode) as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("write,name", [(write_zip, "m.zip"), (write_tar, "m.tgz"), (write_tar, "m.tar.gz")])
def test_unpacked_once_by_content(tmp_path, cache, write, name):
    path = write(tmp_path / name)
    assert archive.is_archive(path) and not archive.is_archive(tmp_path)
    folder = archive.unpack(path, "meta.yaml")
    assert folder.parent == cache and contents(folder) == FILES
    (folder / "exp/asr/config.yaml").write_text("b: 2\n")
    path.rename(tmp_path / f"other_{name}")
    assert archive.unpack(tmp_path / f"other_{name}", "meta.yaml") == folder
    assert contents(folder)["exp/asr/config.yaml"] == b"b: 2\n", "the same content is not unpacked again"
    assert archive.unpack(write(path, FILES | {"new": b""}), "meta.yaml") != folder
    assert not list(cache.glob(".*"))


def test_cache_without_the_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert archive.cache_root() == tmp_path / ".cache" / "espnet2" / "models"


@pytest.mark.parametrize("name", ["../evil", "exp/../../evil", "/tmp/evil", "..\\evil"])
@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_paths_that_leave_the_folder(tmp_path, cache, write, name):
    with pytest.raises(InputError, match="refused, nothing is unpacked: the path '.*evil' in it leaves the folder"):
        archive.unpack(write(tmp_path / "m", FILES | {name: b"x"}), "meta.yaml")
    assert not cache.exists()


def test_links(tmp_path, cache):
    path = write_zip(tmp_path / "m.zip")
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="nothing is unpacked: 'link' in it is a link"):
        archive.unpack(path, "meta.yaml")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
        link = tarfile.TarInfo("link")
        link.type, link.linkname = kind, "meta.yaml"
        path = write_tar(tmp_path / "m.tar", mode="w")
        with tarfile.open(path, "a") as file:
            file.addfile(link)
        with pytest.raises(InputError, match="nothing is unpacked: 'link' in it is a link"):
            archive.unpack(path, "meta.yaml")
    assert not cache.exists()


def test_broken_archives_leave_nothing(tmp_path, cache):
    whole = write_zip(tmp_path / "m.zip", FILES | {"noise": bytes(range(256)) * 40}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.zip").write_text("this is no archive")
    middle = whole.index(b"exp/asr/valid.pth") + 25
    (tmp_path / "flipped.zip").write_bytes(whole[:middle] + b"\xff\xff" + whole[middle + 2 :])
    for name in ("cut.zip", "text.zip", "flipped.zip"):
        with pytest.raises(InputError, match=f"{name}: a broken archive"):
            archive.unpack(tmp_path / name, "meta.yaml")
    clash = write_zip(tmp_path / "clash.zip", {"meta.yaml": b"", "a": b"", "a/b": b""})
    with pytest.raises(InputError, match="clash.zip: a broken archive"):
        archive.unpack(clash, "meta.yaml")
    assert not cache.exists() or not list(cache.iterdir())


def test_what_is_no_packed_model(tmp_path, cache):
    with pytest.raises(InputError, match="no meta.yaml in it"):
        archive.unpack(write_zip(tmp_path / "m.zip", {"config.yaml": b""}), "meta.yaml")
    assert not archive.is_archive(write_zip(tmp_path / "m.pth")), "torch's own files are zips too"
    assert not cache.exists()

"""Archives of trained models, unpacked once into a cache that is keyed by their content.

Nothing is written before every member's name is found to stay below the folder, and the folder appears whole or not at all.
"""

import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from espnet2.utils.errors import InputError

# What damage, encryption, unknown compression and names that are both file and folder make of the readers.
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
          FileExistsError, NotADirectoryError, IsADirectoryError)  # fmt: skip
REGULAR_KINDS = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: the archiver did not say


class Member(NamedTuple):
    """An entry of an archive."""

    name: str
    is_folder: bool
    is_special: bool  # a link, device or pipe
    open: Callable[[], IO[bytes]]


def is_archive(path: str | os.PathLike) -> bool:
    """Whether a file is to be unpacked. The ``.pth`` files of torch are zips too, but are read as they are."""
    return os.path.isfile(path) and Path(path).suffix not in (".pth", ".pt")


def cache_root() -> Path:
    """Where unpacked models are kept: below ``$XDG_CACHE_HOME``, by default ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "espnet2" / "models"


def unpack(archive: str | os.PathLike, must_have: str) -> Path:
    """The folder with an archive's content; it is there already if the same content was unpacked before.

    Args:
        archive: A zip or tar.
        must_have: A member without which it is refused.
    Raises:
        InputError: If the archive is broken, lacks that member, or has one whose path leaves the folder or that is a link.
    """
    folder = cache_root() / _content_hash(archive)
    if folder.is_dir():
        return folder
    with _members(archive) as members:
        names = [member.name for member in members]
        if must_have not in names:
            raise InputError(f"{archive}: no {must_have} in it, so it is no packed model.")
        for member in members:
            _check(archive, member)
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking."))
        try:
            for member in members:
                _write(member, temporary / member.name)
            temporary.chmod(0o755)
            _rename(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _rename(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise


def _content_hash(path: str | os.PathLike) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _check(archive: str | os.PathLike, member: Member) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise InputError(f"{archive}: refused, nothing is unpacked: the path '{member.name}' in it leaves the folder.")
    if member.is_special:
        raise InputError(f"{archive}: refused, nothing is unpacked: '{member.name}' in it is a link, not a file.")


def _write(member: Member, path: Path) -> None:
    if member.is_folder:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target, 2**20)


@contextmanager
def _members(archive: str | os.PathLike) -> Iterator[list[Member]]:
    """All entries of an archive; damage that shows while they are read is told as such."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:
                yield [_zipped(file, info) for info in file.infolist()]
        else:
            with tarfile.open(archive) as file:
                yield [_tarred(file, info) for info in file.getmembers()]
    except BROKEN as error:
        raise InputError(f"{archive}: a broken archive, or of a kind that cannot be read ({error}).") from error


def _zipped(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    is_special = stat.S_IFMT(info.external_attr >> 16) not in REGULAR_KINDS
    return Member(info.filename, info.is_dir(), is_special, lambda: file.open(info))


def _tarred(file: Any, info: tarfile.TarInfo) -> Member:
    name = info.name.removeprefix("./")
    return Member(name, info.isdir(), not (info.isfile() or info.isdir()), lambda: file.extractfile(info))

"""Kaldi archives: matrices, vectors, and (kaldiio's extension, unknown to Kaldi's own tools) whole sound files.

An archive's entry is addressed as ``path.ark:offset``. Entries that hold python pickles are refused: reading one would
run its code.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

import numpy as np

from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

_AUDIO = b"AUDIO"


def read_ark(reference: str) -> np.ndarray:
    """A matrix (T, D) or vector (T,) from ``path.ark:offset``, with kaldiio's row ranges ``[first:last]`` allowed.

    Raises:
        InputError: If the archive is missing, or its entry cannot be read.
    """
    import kaldiio

    path, offset = _split(reference.split("[")[0])
    with _entry(path, offset):
        pass  # there, and not a pickle
    try:
        array = kaldiio.load_mat(reference)
    except (ValueError, EOFError, AssertionError, struct.error) as error:
        raise InputError(f"{reference}: broken archive entry ({error})") from None
    return array[1] if isinstance(array, tuple) else array


def read_ark_audio(path: str, offset: int) -> bytes:
    """The encoded sound file (wav, flac, ...) at an archive's offset.

    Raises:
        InputError: If there is none.
    """
    with _entry(path, offset) as stream:
        magic = stream.read(len(_AUDIO))
        if magic[:4] == b"RIFF":  # Kaldi's own wav archives
            size = struct.unpack("<I", (magic[4:] + stream.read(3)))[0]
            stream.seek(offset)
            return stream.read(size + 8)
        if magic != _AUDIO:
            raise InputError(f"{path}:{offset}: no audio at this place of the archive")
        width = stream.read(1)[0]
        size = int.from_bytes(stream.read(width), "little")
        content = stream.read(size)
    if len(content) < size:
        raise InputError(f"{path}:{offset}: truncated: the archive ends within this entry")
    return content


def _split(reference: str) -> tuple[str, int]:
    path, colon, offset = reference.rpartition(":")
    return (path, int(offset)) if colon and offset.isdigit() else (reference, 0)


@contextmanager
def _entry(path: str, offset: int) -> Iterator[BinaryIO]:
    """The archive, opened at an entry that is no pickle."""
    try:
        with open(path, "rb") as stream:
            stream.seek(offset)
            if stream.read(3) == b"PKL":
                raise InputError(f"{path}:{offset}: a pickled entry; only arrays and audio are read")
            stream.seek(offset)
            yield stream
    except OSError as error:
        raise InputError(f"{path}: the archive cannot be read ({error.strerror})") from None


class KaldiArkWriter:
    """Write an archive and its scp: ``with KaldiArkWriter("x.ark", "x.scp") as writer: writer["utt"] = matrix``.

    Both files get their names only when the block ends without an error.

    Args:
        ark: The archive; the scp names it by this path.
        scp: The table of ``<key> <ark>:<offset>`` lines.
    """

    def __init__(self, ark: str | os.PathLike, scp: str | os.PathLike):
        self.ark, self.scp = ark, scp
        self._files = ExitStack()

    def __enter__(self) -> "KaldiArkWriter":
        self._scp = self._files.enter_context(atomic_write(self.scp, "w"))
        self._ark = self._files.enter_context(atomic_write(self.ark, "wb"))
        return self

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)

    def __setitem__(self, key: str, array: np.ndarray) -> None:
        """Append a matrix (T, D) or vector (T,)."""
        import kaldiio

        self._begin(key)
        kaldiio.save_mat(self._ark, array)

    def write_audio(self, key: str, encoded: bytes) -> str:
        """Append a whole sound file; returns its ``path:offset``."""
        reference = self._begin(key)
        width = (len(encoded).bit_length() + 7) // 8
        self._ark.write(_AUDIO + bytes([width]) + len(encoded).to_bytes(width, "little") + encoded)
        return reference

    def _begin(self, key: str) -> str:
        self._ark.write(f"{key} ".encode())
        reference = f"{self.ark}:{self._ark.tell()}"
        self._scp.write(f"{key} {reference}\n")
        return reference

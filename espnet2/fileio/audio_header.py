"""How long a sound file says it is, to notice that the end is missing.

libsndfile reads a WAV, AIFF or NIST file whose data stop early without an error: it trusts the file's size and returns
less. These readers look at the header's own promise.

Sources: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), 1991; EBU Tech 3306 (RF64),
2009; Apple, "Audio Interchange File Format 1.3", 1989; NIST SPHERE 2.6a, ``doc/headers.doc``, 1992.
"""

import struct
from typing import BinaryIO

# What programs write when they stream to a pipe and cannot know the length: all ones, or sox's 2 GiB less a little.
_STREAMED = range(0x7FFF0000, 0xFFFFFFFF + 1)
_RF64_SIZE_IN_DS64 = 0xFFFFFFFF


def missing_bytes(stream: BinaryIO) -> int:
    """How many bytes of samples the header promises beyond the end of the file; 0 where the format cannot tell.

    Args:
        stream: Positioned at the start of the sound; left anywhere.
    """
    magic = stream.read(12)
    if magic[:4] in (b"RIFF", b"RF64", b"BW64") and magic[8:] == b"WAVE":
        return _missing_in_chunks(stream, "<", b"data")
    if magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
        return _missing_in_chunks(stream, ">", b"SSND")
    if magic[:7] == b"NIST_1A":
        stream.seek(0)
        return _missing_in_sphere(stream)
    return 0


def _size_after(stream: BinaryIO) -> int:
    here = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(here)
    return end - here


def _missing_in_chunks(stream: BinaryIO, endian: str, wanted: bytes) -> int:
    """Walk the chunks (4 bytes name, 4 bytes size, padded to even) to the one with samples."""
    long_size = None
    while len(header := stream.read(8)) == 8:
        name, size = struct.unpack(f"{endian}4sI", header)
        if name == b"ds64":
            long_size = struct.unpack("<QQ", stream.read(16))[1]
            stream.seek(size - 16, 1)
        elif name == wanted:
            if long_size is not None and size == _RF64_SIZE_IN_DS64:
                size = long_size
            elif size in _STREAMED:
                return 0
            return max(size - _size_after(stream), 0)
        else:
            stream.seek(size + size % 2, 1)
    return 0


def _missing_in_sphere(stream: BinaryIO) -> int:
    """Samples x channels x bytes of the text header against what follows it; compressed samples cannot tell."""
    lines = stream.read(1024).split(b"\n")
    fields = {words[0]: words[2] for words in (line.split() for line in lines[2:]) if len(words) == 3}
    if b"," in fields.get(b"sample_coding", b""):
        return 0
    sizes = [fields.get(name) for name in (b"sample_count", b"channel_count", b"sample_n_bytes")]
    if None in sizes:
        return 0
    count, channels, width = (int(size) for size in sizes if size is not None)
    stream.seek(int(lines[1]))
    return max(count * channels * width - _size_after(stream), 0)

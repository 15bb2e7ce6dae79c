"""One pass over a 2-column table in whole arrays: where lines start, how long their ids are, the ids' hashes."""

# n lines of a block

import mmap
from pathlib import Path

import numpy as np

from espnet2.utils.errors import InputError

_BLOCK_BYTES = 1 << 24
_LINE_FEED, _CARRIAGE_RETURN, _BLANK, _TAB = b"\n\r \t"
_PRIME = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: its multiples are spread evenly (Knuth, TAOCP 3, section 6.4)
_ALL_ONES = 0xFFFFFFFFFFFFFFFF


def hash_id(key: bytes) -> int:
    """The 64-bit hash of one id: 8-byte words (little-endian, the last filled with zeros) mixed in by multiplying."""
    value = len(key)
    for place in range(0, len(key), 8):
        value = ((value ^ int.from_bytes(key[place : place + 8], "little")) * _PRIME) & _ALL_ONES
        value ^= value >> 32
    return value


def hash_ids(block: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """``hash_id`` of many ids at once.

    Args:
        block: Bytes, with at least 8 more after the last id.
        starts: Where the ids start.
        lengths: Their numbers of bytes.
    Shapes:
        block (bytes,), starts (n,), lengths (n,) -> (n,) uint64
    """
    words = np.ndarray(shape=len(block) - 7, dtype="<u8", buffer=block, strides=(1,))
    values = lengths.astype(np.uint64)
    rows = np.arange(len(starts))
    for place in range(0, int(lengths.max(initial=0)), 8):
        rows = rows[lengths[rows] > place]
        filled = np.minimum(lengths[rows] - place, 8).astype(np.uint64)
        mask = np.uint64(_ALL_ONES) >> (np.uint64(64) - np.uint64(8) * filled)
        mixed = (values[rows] ^ (words[starts[rows] + place] & mask)) * np.uint64(_PRIME)
        values[rows] = mixed ^ (mixed >> np.uint64(32))
    return values


def scan_table(text: mmap.mmap, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scan a table block by block.

    Args:
        text: The file.
        path: Its name, for messages.
    Returns:
        Starts of the lines, lengths of their ids in bytes, hashes of their ids.
    Raises:
        InputError: For an empty line, a blank before an id, a CR line end, or bytes that are not UTF-8; names the line.
    Shapes:
        -> (N,) int64, (N,) int64, (N,) uint64
    """
    parts, begin, line = [], 0, 0
    while begin < len(text):
        end = begin + _BLOCK_BYTES
        if end < len(text):
            end = text.rfind(b"\n", begin, end) + 1 or text.find(b"\n", end) + 1 or len(text)
        starts, lengths, hashes = _scan_block(text[begin:end], f"{path}:{{}}: ", line)
        parts.append((starts + begin, lengths, hashes))
        begin, line = end, line + len(starts)
    starts, lengths, hashes = (np.concatenate(part) for part in zip(*parts))
    return starts, lengths, hashes


def _scan_block(content: bytes, place: str, line: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lines of a block that starts and ends with whole ones; ``line`` have gone before."""
    _refuse_other_encodings(content, place, line)
    block = np.frombuffer(content + b"\n" * (not content.endswith(b"\n")) + bytes(8), dtype=np.uint8)
    ends = np.flatnonzero(block == _LINE_FEED)
    starts = np.concatenate([[0], ends[:-1] + 1])
    has_return = block[np.maximum(ends - 1, 0)] == _CARRIAGE_RETURN
    _refuse(has_return, place, line, "CR at the line's end; remove them, e.g. with sed -i 's/\\r$//'")
    blanks = np.append(np.flatnonzero((block == _BLANK) | (block == _TAB)), len(block))
    id_ends = np.minimum(blanks[np.searchsorted(blanks, starts)], ends)
    lengths = id_ends - starts
    _refuse(lengths == 0, place, line, "empty line, or a blank before the id")
    return starts, lengths, hash_ids(block, starts, lengths)


def _refuse(is_bad: np.ndarray, place: str, line: int, reason: str) -> None:
    if is_bad.any():
        raise InputError(place.format(line + int(np.argmax(is_bad)) + 1) + reason)


def _refuse_other_encodings(content: bytes, place: str, line: int) -> None:
    try:
        content.isascii() or content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = line + content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{place.format(number)}not UTF-8 ({error.reason}); convert it, e.g. with iconv") from None


def parse_first_numbers(text: mmap.mmap, starts: np.ndarray) -> np.ndarray:
    """The number before the first comma or line end of each line, -1 where there is none.

    Args:
        text: The file.
        starts: Where the blank before the numbers stands.
    Shapes:
        starts (N,) -> (N,) int64
    """
    block = np.frombuffer(text, dtype=np.uint8)
    last = len(block) - 1
    numbers = np.full(len(starts), -1, dtype=np.int64)
    rows, places = np.arange(len(starts)), starts + 1
    while len(rows):
        chars = block[np.minimum(places, last)]
        is_digit = (chars >= ord("0")) & (chars <= ord("9")) & (places <= last)
        is_end = np.isin(chars, (ord(","), _BLANK, _TAB, _LINE_FEED)) | (places > last)
        numbers[rows[~is_digit & ~is_end]] = -1
        rows, places, digits = rows[is_digit], places[is_digit] + 1, chars[is_digit] - ord("0")
        numbers[rows] = np.maximum(numbers[rows], 0) * 10 + digits
    return numbers

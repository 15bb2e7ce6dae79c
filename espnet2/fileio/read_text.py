"""Kaldi tables small enough for a dict; ``corpus_index`` serves those of any size."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from espnet2.utils.errors import InputError

# loader type -> (separator, type of one number)
_NUMBERS: dict[str, tuple[str | None, Callable]] = {
    "text_int": (None, int),
    "text_float": (None, float),
    "csv_int": (",", int),
    "csv_float": (",", float),
}


def read_lines(path: str | os.PathLike) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers from 1, without the line ends.

    Raises:
        InputError: If the file cannot be read, is not UTF-8, or has CR line ends; names file and line.
    """
    try:
        with open(path, "rb") as stream:
            yield from decode_lines(stream, str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def decode_lines(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    """``read_lines`` of an open binary file; ``name`` is for messages."""
    return ((number, _decode(raw, f"{name}:{number}")) for number, raw in enumerate(stream, 1))


def _decode(raw: bytes, place: str) -> str:
    try:
        line = raw.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: not UTF-8 ({error.reason}); convert the file, e.g. with iconv") from None
    if line.endswith("\r"):
        raise InputError(f"{place}: CR at the line's end; remove them, e.g. with sed -i 's/\\r$//'")
    return line


def read_2columns_text(path: str | os.PathLike) -> dict[str, str]:
    """``<key> <value>`` lines as a dict in file order; a key alone has the value "".

    Raises:
        InputError: For a key twice, an empty line, and what ``read_lines`` refuses; names file and line.
    """
    table: dict[str, str] = {}
    for number, line in read_lines(path):
        words = line.split(maxsplit=1)
        if not words:
            raise InputError(f"{path}:{number}: empty line")
        if words[0] in table:
            raise InputError(f"{path}:{number}: the id '{words[0]}' stands here for the second time")
        table[words[0]] = words[1].rstrip() if len(words) == 2 else ""
    return table


def parse_numbers(text: str, loader_type: str) -> list[int] | list[float]:
    """The numbers of one line.

    Args:
        text: Such as ``"3 4"`` or ``"3,4"``.
        loader_type: ``text_int``, ``text_float``, ``csv_int`` or ``csv_float``.
    Raises:
        InputError: If ``loader_type`` is none of these.
        ValueError: If a word is no such number.
    """
    if loader_type not in _NUMBERS:
        raise InputError(f"'{loader_type}' is not a type of numbers. Known: {', '.join(_NUMBERS)}")
    separator, number = _NUMBERS[loader_type]
    return [number(word) for word in text.split(separator)]


def load_num_sequence_text(path: str | os.PathLike, loader_type: str = "csv_int") -> dict[str, list]:
    """``<key> <numbers>`` lines as lists, such as the shape files of the statistics stage.

    Args:
        path: The table.
        loader_type: See ``parse_numbers``.
    Raises:
        InputError: Naming file and key of a value that is not such a sequence.
    """
    table = {}
    for key, value in read_2columns_text(Path(path)).items():
        try:
            table[key] = parse_numbers(value, loader_type)
        except ValueError as error:
            raise InputError(f"{path}: '{key}': {error} ({loader_type})") from None
    return table

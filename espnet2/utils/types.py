"""From the words of a command line to values: ``type=`` functions of the options."""

import re

NONE_WORDS = ("none", "null", "nil")
_TRUE_WORDS = ("y", "yes", "t", "true", "on", "1")
_FALSE_WORDS = ("n", "no", "f", "false", "off", "0")
_SIZE = re.compile(r"\s*([0-9.]+)\s*([kKmMgGtT]?)(i?)[bB]?\s*")


def is_none_word(value: str) -> bool:
    """Whether the word stands for "nothing"."""
    return value.strip().lower() in NONE_WORDS


def str2bool(value: str) -> bool:
    """yes/true/on/1 or no/false/off/0.

    Raises:
        ValueError: For any other word.
    """
    word = value.strip().lower()
    if word in _TRUE_WORDS:
        return True
    if word in _FALSE_WORDS:
        return False
    raise ValueError(f"'{value}' is neither true nor false")


def str_or_none(value: str) -> str | None:
    """The word itself, or None for none/null/nil."""
    return None if is_none_word(value) else value


def int_or_none(value: str) -> int | None:
    """An integer, or None for none/null/nil."""
    return None if is_none_word(value) else int(value)


def float_or_none(value: str) -> float | None:
    """A number, or None for none/null/nil."""
    return None if is_none_word(value) else float(value)


def str_or_int(value: str) -> str | int:
    """An integer where the word is one, else the word."""
    return int(value) if re.fullmatch(r"[+-]?\d+", value.strip()) else value


def strip_brackets(value: str) -> str:
    """Without one surrounding pair of (), [] and blanks."""
    value = value.strip()
    if (value[:1], value[-1:]) in (("(", ")"), ("[", "]")):
        return value[1:-1].strip()
    return value


def str2triple_str(value: str) -> tuple[str, ...]:
    """``"a,b,c"`` -> ``("a", "b", "c")``; brackets and quotes allowed.

    Raises:
        ValueError: If it is not three words.
    """
    words = tuple(word.strip().strip("'\"") for word in strip_brackets(value).split(","))
    if len(words) != 3 or not all(words):
        raise ValueError(f"'{value}' is not 3 comma-separated words")
    return words


def parse_size(value: str | int | float) -> int:
    """A count with an optional unit: ``16k`` -> 16000, ``10MB`` -> 10000000, ``1KiB`` -> 1024.

    Raises:
        ValueError: If it is no such size.
    """
    if isinstance(value, (int, float)):
        return int(value)
    match = _SIZE.fullmatch(value)
    if not match:
        raise ValueError(f"'{value}' is not a size such as 16k or 10MB")
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** " kmgt".index(unit.lower() or " "))


def parse_size_or_none(value: str) -> int | None:
    """``parse_size``, or None for none/null/nil."""
    return None if is_none_word(value) else parse_size(value)

"""The list whose line numbers are the token ids."""

import os
from collections.abc import Iterable
from pathlib import Path

from espnet2.fileio.read_text import read_lines
from espnet2.utils.errors import InputError


def read_token_list(token_list: str | os.PathLike | Iterable[str]) -> list[str]:
    """Tokens in the order of their ids, each once.

    A file has one token a line; white space at a line's end is cut off, but a first blank stays: it can be a token.

    Args:
        token_list: A file, or the tokens themselves (as in a saved config).
    Raises:
        InputError: For a missing file, an empty line, a token twice, no tokens; names file and line.
    """
    if isinstance(token_list, (str, os.PathLike)):
        if not Path(token_list).is_file():
            raise InputError(f"{token_list}: no such token list; the token stage makes it")
        lines, name = read_lines(token_list), str(token_list)
    else:
        lines, name = iter(enumerate(token_list, 1)), "token_list"
    numbers: dict[str, int] = {}
    for number, line in lines:
        token = line[:1] + line[1:].rstrip()
        if not token:
            raise InputError(f"{name}:{number}: empty line in the token list")
        if token in numbers:
            raise InputError(f"{name}:{number}: the token '{token}' stands in line {numbers[token]} already")
        numbers[token] = number
    if not numbers:
        raise InputError(f"{name}: no tokens")
    return list(numbers)

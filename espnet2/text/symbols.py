"""Words that stay whole whatever the tokenizer: non-linguistic symbols such as ``<laugh>``, and symbols never split."""

import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

from espnet2.fileio.read_text import read_lines

Symbols = str | os.PathLike | Iterable[str] | None


def read_symbols(symbols: Symbols) -> list[str]:
    """Symbols from a file (one a line) or a list of them; a missing file is warned of and counts as none."""
    if symbols is None:
        return []
    if not isinstance(symbols, (str, os.PathLike)):
        return list(symbols)
    if not Path(symbols).exists():
        logging.warning("%s does not exist: no symbols are kept whole", symbols)
        return []
    return [line.rstrip() for _, line in read_lines(symbols) if line.strip()]


class SymbolSplitter:
    """Cut a line into whole symbols and the text between them; of two symbols that fit, the longer one.

    Args:
        kept: Symbols that come out as they are.
        removed: Symbols that vanish.
    """

    def __init__(self, kept: Iterable[str] = (), removed: Iterable[str] = ()):
        self.kept, self.removed = frozenset(kept) - frozenset(removed), frozenset(removed)
        known = sorted(self.kept | self.removed, key=len, reverse=True)
        self.pattern = re.compile("(" + "|".join(map(re.escape, known)) + ")") if known else None

    def __call__(self, line: str) -> Iterable[tuple[str, bool]]:
        """Pairs of a piece and whether it is a symbol; no empty pieces."""
        pieces = self.pattern.split(line) if self.pattern else [line]
        return ((piece, piece in self.kept) for piece in pieces if piece and piece not in self.removed)

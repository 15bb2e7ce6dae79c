"""Words as tokens."""

from collections.abc import Iterable

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.symbols import Symbols, read_symbols


class WordTokenizer(AbsTokenizer):
    """Split on a delimiter.

    Args:
        delimiter: None means any white space.
        non_linguistic_symbols: A list, or a file with one a line.
        remove_non_linguistic_symbols: Drop these words.
    """

    def __init__(
        self,
        delimiter: str | None = None,
        non_linguistic_symbols: Symbols = None,
        remove_non_linguistic_symbols: bool = False,
    ):
        self.delimiter = delimiter
        self.removed = frozenset(read_symbols(non_linguistic_symbols)) if remove_non_linguistic_symbols else frozenset()

    def text2tokens(self, line: str) -> list[str]:
        return [word for word in line.split(self.delimiter) if word not in self.removed]

    def tokens2text(self, tokens: Iterable[str]) -> str:
        return (self.delimiter or " ").join(tokens)

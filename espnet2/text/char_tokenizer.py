"""Characters as tokens."""

from collections.abc import Iterable

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.symbols import Symbols, SymbolSplitter, read_symbols


class CharTokenizer(AbsTokenizer):
    """One token per character, ``<space>`` for a blank; listed symbols stay whole.

    Args:
        non_linguistic_symbols: A list, or a file with one a line.
        space_symbol: Stands for the blank.
        remove_non_linguistic_symbols: Drop them instead of keeping them whole.
        nonsplit_symbols: Further symbols that stay whole.
    """

    def __init__(
        self,
        non_linguistic_symbols: Symbols = None,
        space_symbol: str = "<space>",
        remove_non_linguistic_symbols: bool = False,
        nonsplit_symbols: Iterable[str] | None = None,
    ):
        self.space_symbol = space_symbol
        symbols = read_symbols(non_linguistic_symbols)
        removed = symbols if remove_non_linguistic_symbols else []
        self.split = SymbolSplitter([*symbols, *read_symbols(nonsplit_symbols)], removed)

    def text2tokens(self, line: str) -> list[str]:
        tokens: list[str] = []
        for piece, is_symbol in self.split(line):
            if is_symbol:
                tokens.append(piece)
            else:
                tokens.extend(self.space_symbol if char == " " else char for char in piece)
        return tokens

    def tokens2text(self, tokens: Iterable[str]) -> str:
        return "".join(" " if token == self.space_symbol else token for token in tokens)

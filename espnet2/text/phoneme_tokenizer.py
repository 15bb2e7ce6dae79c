"""Phonemes as tokens: of text that is phonemes already, or through a grapheme-to-phoneme converter."""

from collections.abc import Callable, Iterable
from typing import Any

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.symbols import Symbols, SymbolSplitter, read_symbols
from espnet2.utils.errors import InputError


def split_by_space(text: str) -> list[str]:
    """Phonemes between single blanks; three blanks in a row stand for a pause token, ``" "``."""
    first, *others = (part.split() for part in text.split("   "))
    return first + [token for part in others for token in [" ", *part]]


class G2pEn:
    """English to ARPAbet (https://github.com/Kyubyong/g2p), loaded on first use.

    Args:
        keep_spaces: Whether ``" "`` tokens stay between the words.
    """

    def __init__(self, keep_spaces: bool = True):
        self.keep_spaces = keep_spaces
        self._convert: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {"keep_spaces": self.keep_spaces, "_convert": None}

    def __call__(self, text: str) -> list[str]:
        """The phonemes of an English text."""
        if self._convert is None:
            try:
                from g2p_en import G2p
            except ImportError:
                raise InputError("--g2p g2p_en needs a package that is not installed: pip install g2p-en") from None
            self._convert = G2p()
        return [phone for phone in self._convert(text) if self.keep_spaces or phone != " "]


G2P_CHOICES: dict[str | None, Callable[[], Callable[[str], list[str]]]] = {
    None: lambda: split_by_space,
    "g2p_en": G2pEn,
    "g2p_en_no_space": lambda: G2pEn(keep_spaces=False),
}


def build_g2p(name: str | None) -> Callable[[str], list[str]]:
    """The converter of a name of ``G2P_CHOICES``.

    Raises:
        InputError: If there is none; the message lists those there are.
    """
    if name not in G2P_CHOICES:
        known = ", ".join(str(choice).lower() for choice in G2P_CHOICES)
        raise InputError(f"no g2p '{name}'. Known: {known}. For others write the phonemes into the text")
    return G2P_CHOICES[name]()


class PhonemeTokenizer(AbsTokenizer):
    """The converter's phonemes; listed symbols stay whole.

    Args:
        g2p_type: A name of ``G2P_CHOICES``; None for text that is phonemes already.
        non_linguistic_symbols: A list, or a file with one a line.
        remove_non_linguistic_symbols: Drop them instead of keeping them whole.
    """

    def __init__(
        self,
        g2p_type: str | None,
        non_linguistic_symbols: Symbols = None,
        remove_non_linguistic_symbols: bool = False,
    ):
        self.g2p = build_g2p(g2p_type)
        symbols = read_symbols(non_linguistic_symbols)
        self.split = SymbolSplitter(symbols, symbols if remove_non_linguistic_symbols else [])

    def text2tokens(self, line: str) -> list[str]:
        tokens: list[str] = []
        for piece, is_symbol in self.split(line):
            tokens.extend([piece] if is_symbol else self.g2p(piece.strip(" ")))
        return tokens

    def tokens2text(self, tokens: Iterable[str]) -> str:
        """The phonemes joined: the spelling cannot be had back."""
        return "".join(tokens)

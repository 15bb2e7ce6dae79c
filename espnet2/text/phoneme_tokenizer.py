"""Phonemes as tokens: of text that is phonemes already, or through a grapheme-to-phoneme converter."""

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.symbols import Symbols, SymbolSplitter, read_symbols
from espnet2.utils.errors import InputError

Converter = Callable[[str], list[str]]


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
        try:
            if self._convert is None:
                from g2p_en import G2p

                self._convert = G2p()
            phones = self._convert(text)
        except ImportError:
            raise InputError("--g2p g2p_en needs a package that is not installed: pip install g2p-en") from None
        except LookupError as error:
            raise InputError(
                "--g2p g2p_en needs data of NLTK that are not there: python3 -m nltk.downloader cmudict "
                "averaged_perceptron_tagger averaged_perceptron_tagger_eng. Without a network: --g2p espeak_ng_english_us_vits"
            ) from error
        return [phone for phone in phones if self.keep_spaces or phone != " "]


def _espeak(voice: str, by_character: bool = False) -> Callable[[], Converter]:
    def make() -> Converter:
        from espnet2.text.espeak import EspeakG2p

        return EspeakG2p(voice, by_character)

    return make


def _function(module: str, name: str, **options: Any) -> Callable[[], Converter]:
    """A function of ``espnet2.text.<module>``."""

    def make() -> Converter:
        function = getattr(importlib.import_module(f"espnet2.text.{module}"), name)
        return partial(function, **options) if options else function

    return make


ESPEAK_VOICES = {
    "arabic": "ar", "german": "de", "french": "fr", "spanish": "es", "russian": "ru", "greek": "el", "finnish": "fi",
    "hungarian": "hu", "dutch": "nl", "hindi": "hi", "italian": "it", "ukrainian": "uk", "polish": "pl",
}  # fmt: skip
G2P_CHOICES: dict[str | None, Callable[[], Converter]] = {
    None: lambda: split_by_space,
    "g2p_en": G2pEn,
    "g2p_en_no_space": lambda: G2pEn(keep_spaces=False),
    "pyopenjtalk": _function("japanese", "phonemes"),
    "pyopenjtalk_kana": _function("japanese", "kana"),
    "pyopenjtalk_prosody": _function("japanese", "prosody"),
    "pypinyin_g2p": _function("chinese", "syllables"),
    "pypinyin_g2p_phone": _function("chinese", "initials_and_finals"),
    "pypinyin_g2p_phone_without_prosody": _function("chinese", "without_prosody"),
    "espeak_ng_english_us_vits": _espeak("en-us", by_character=True),
    **{f"espeak_ng_{language}": _espeak(voice) for language, voice in ESPEAK_VOICES.items()},
    "korean_jaso": _function("korean", "jaso"),
    "korean_jaso_no_space": _function("korean", "jaso", keep_spaces=False),
}
_UNKNOWN_TOKENS = "what its tokens looked like is not known here"
_NOT_PUBLISHED = "its package is on no registry"
REFUSED = {
    "pyopenjtalk_accent": f"{_UNKNOWN_TOKENS}; pyopenjtalk_prosody tells the accents too",
    "pyopenjtalk_accent_with_pause": f"{_UNKNOWN_TOKENS}; pyopenjtalk_prosody tells accents and pauses",
    **dict.fromkeys(("g2pk", "g2pk_no_space", "g2pk_explicit_space"), f"{_UNKNOWN_TOKENS}; use korean_jaso"),
    "g2p_is": _NOT_PUBLISHED,
}


def build_g2p(name: str | None) -> Converter:
    """The converter of a name of ``G2P_CHOICES``.

    Raises:
        InputError: If there is none; the message lists those there are.
    """
    if name in REFUSED:
        raise InputError(f"g2p '{name}' is not to be had: {REFUSED[name]}. Or write the phonemes into the text (g2p none)")
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

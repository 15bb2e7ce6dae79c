"""Phonemes of many languages by eSpeak NG, through ctypes.

The library and its data come with the pip package ``espeakng-loader``; the functions and constants are those of eSpeak NG's
``speak_lib.h`` (https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h).
"""

import ctypes
import re
import unicodedata
from typing import Any

from espnet2.utils.errors import InputError

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_IPA = 0x02
_SEPARATOR = "_"  # between the phonemes: bits 8-23 of the mode
_PHONEME_MODE = _IPA | ord(_SEPARATOR) << 8
_MARKS = re.compile(r'((?:[;:!?¡¿—…"«»“”؟،؛।]|[.,](?!\d))+)')  # no decimal points
_SWITCH = re.compile(r"\([a-z-]+\)")  # eSpeak NG marks words of another language: (en)...(fr)
SPACE = "<space>"
_library: Any = None  # one for the process: eSpeak NG keeps its state in global variables


class EspeakG2p:
    """IPA of a text in one language, stress marks and punctuation kept. The library is loaded on first use.

    Args:
        voice: eSpeak NG's name of the language, such as ``en-us``.
        by_character: A token is one character of the IPA, with ``<space>`` between words, as in VITS
            (https://github.com/jaywalnut310/vits); otherwise a token is a phoneme with its marks.
    Raises:
        InputError: On use, if the package is missing or does not know the language.
    """

    def __init__(self, voice: str, by_character: bool = False):
        self.voice = voice
        self.by_character = by_character

    def __call__(self, text: str) -> list[str]:
        """The tokens of a text."""
        if text.isupper():  # a cleaner's work: eSpeak NG would spell some words
            text = text.lower()
        tokens: list[str] = []
        for part in _MARKS.split(unicodedata.normalize("NFC", text)):
            words = [list(part)] if _MARKS.fullmatch(part) else self._words(part)
            for word in words:
                if self.by_character and tokens and not _MARKS.fullmatch(word[0]):
                    tokens.append(SPACE)
                tokens.extend(word)
        return tokens

    def _words(self, text: str) -> list[list[str]]:
        """The phonemes (or characters) of each word."""
        if not text.strip():
            return []
        if _loaded().espeak_SetVoiceByName(self.voice.encode()) != 0:
            raise InputError(f"eSpeak NG has no voice '{self.voice}'")
        rest = ctypes.c_char_p(text.encode())
        parts = []
        while rest.value is not None:  # one clause at a time; the pointer moves on, and is null at the end
            parts.append(_library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEME_MODE))
        ipa = _SWITCH.sub("", b" ".join(parts).decode())
        if self.by_character:
            return [list(word.replace(_SEPARATOR, "")) for word in ipa.split()]
        return [[phoneme for phoneme in word.split(_SEPARATOR) if phoneme] for word in ipa.split()]


def _loaded() -> Any:
    global _library
    if _library is None:
        try:
            import espeakng_loader
        except ImportError:
            raise InputError("--g2p espeak_ng_* needs a package that is not installed: pip install espeakng-loader") from None
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
        if library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data.encode(), 0) <= 0:
            raise InputError(f"eSpeak NG cannot read its data in {data}: install espeakng-loader again")
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
        _library = library
    return _library

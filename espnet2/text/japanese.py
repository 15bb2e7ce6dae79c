"""Japanese text to phonemes by Open JTalk, through the package pyopenjtalk (https://github.com/r9y9/pyopenjtalk)."""

import re
from collections.abc import Callable
from typing import Any

from espnet2.utils.errors import InputError

_VOWELS = "aeiouN"
_DOUBLED = "cl"  # the first part of a double consonant is a mora too


def _pyopenjtalk() -> Any:
    try:
        import pyopenjtalk
    except ImportError:
        raise InputError("--g2p pyopenjtalk* needs a package that is not installed: pip install pyopenjtalk-plus") from None
    return pyopenjtalk


def phonemes(text: str) -> list[str]:
    """``k o N n i ch i w a``."""
    return _pyopenjtalk().g2p(text, kana=False).split()


def kana(text: str) -> list[str]:
    """The katakana that are spoken, one a token."""
    return list(_pyopenjtalk().g2p(text, kana=True))


def prosody(text: str) -> list[str]:
    """Phonemes with symbols of prosody between them.

    ``^`` begins, ``$`` or (a question) ``?`` ends; ``_`` pause, ``#`` end of an accent phrase, ``[`` rise, ``]`` fall of the
    pitch. Kurihara, Seiyama, Kumano, "Prosodic features control by symbols as input of sequence-to-sequence acoustic
    modeling for neural TTS", IEICE Trans. 2021.
    """
    labels = _pyopenjtalk().extract_fullcontext(text)
    tokens: list[str] = []
    for index, label in enumerate(labels):
        phoneme = _field(r"-(.*?)\+", str, label)
        if phoneme == "sil":
            end = "?" if _field(r"!(\d+)_", int, label) == 1 else "$"
            tokens.append("^" if index == 0 else end)
        elif phoneme == "pau":
            tokens.append("_")
        else:
            phoneme = phoneme.lower() if phoneme in "AEIOU" else phoneme  # without voice
            tokens.append(phoneme)
            mark = _mark(phoneme, label, labels[index + 1])
            tokens.extend([mark] if mark else [])
    return tokens


def _mark(phoneme: str, label: str, following: str) -> str:
    """The symbol behind a phoneme, by its place in the accent phrase; "" for none.

    Fields of the labels: A: distance to the accent nucleus, mora from the front, mora from the back; F: moras of the phrase.
    """
    to_nucleus = _field(r"/A:(-?\d+)\+", int, label)
    mora = _field(r"\+(\d+)\+", int, label)
    moras_left = _field(r"\+(\d+)/B:", int, label)
    next_mora = _field(r"\+(\d+)\+", int, following)
    if moras_left == 1 and next_mora == 1 and (phoneme in _VOWELS or phoneme == _DOUBLED):
        return "#"
    if to_nucleus == 0 and next_mora == mora + 1 and mora != _field(r"/F:(\d+)_", int, label):
        return "]"
    return "[" if mora == 1 and next_mora == 2 else ""


def _field(pattern: str, kind: Callable[[str], Any], label: str) -> Any:
    """A field of a full-context label; -50 where it says ``xx``."""
    match = re.search(pattern, label)
    return kind(match[1]) if match else -50

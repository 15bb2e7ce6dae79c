"""Mandarin text to pinyin, through the package pypinyin (https://github.com/mozillazg/python-pinyin)."""

import re
from typing import Any

from espnet2.utils.errors import InputError

_PROSODY = re.compile(r"#\d")  # marks of breaks, as in annotated corpora
_OTHER = re.compile(r"#\d|[A-Za-z]+|\S")


def _pypinyin() -> Any:
    try:
        import pypinyin
    except ImportError:
        raise InputError("--g2p pypinyin_* needs a package that is not installed: pip install pypinyin") from None
    return pypinyin


def syllables(text: str) -> list[str]:
    """``卡尔普`` -> ``ka3 er3 pu3``; other words, punctuation and marks of prosody stay as they are."""
    pypinyin = _pypinyin()
    read = pypinyin.pinyin(text, style=pypinyin.Style.TONE3, errors=_OTHER.findall)
    return [token for tokens in read for token in tokens]


def initials_and_finals(text: str) -> list[str]:
    """``卡尔普`` -> ``k a3 er3 p u3``."""
    pypinyin = _pypinyin()
    tokens = []
    for syllable in syllables(text):
        initial = pypinyin.contrib.tone_convert.to_initials(syllable)
        final = pypinyin.contrib.tone_convert.to_finals_tone3(syllable)
        tokens.extend([part for part in (initial, final) if part] or [syllable])
    return tokens


def without_prosody(text: str) -> list[str]:
    """The same of a text whose marks of prosody (``#1``) are left out."""
    return initials_and_finals(_PROSODY.sub("", text))

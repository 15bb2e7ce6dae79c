"""Korean text: numbers and Latin letters in Hangul, and syllables in their letters (jamo)."""

import re
import unicodedata

_DIGITS = "영일이삼사오육칠팔구"
_SMALL_UNITS = ("", "십", "백", "천")
_BIG_UNITS = ("", "만", "억", "조", "경")
_LETTERS = {
    "A": "에이", "B": "비", "C": "시", "D": "디", "E": "이", "F": "에프", "G": "지", "H": "에이치", "I": "아이", "J": "제이",
    "K": "케이", "L": "엘", "M": "엠", "N": "엔", "O": "오", "P": "피", "Q": "큐", "R": "아르", "S": "에스", "T": "티", "U": "유",
    "V": "브이", "W": "더블유", "X": "엑스", "Y": "와이", "Z": "제트",
}  # fmt: skip
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")
_SPACE = "<space>"


def clean_korean(text: str) -> str:
    """``KBS는 2,024년`` -> ``케이비에스는 이천이십사년``."""
    text = unicodedata.normalize("NFKC", text)
    text = _NUMBER.sub(_spoken_number, text)
    text = re.sub("[A-Za-z]", lambda match: _LETTERS[match[0].upper()], text)
    return " ".join(text.split())


def cardinal(number: int) -> str:
    """A number below 10**20 as it is read in Sino-Korean; digit by digit above that."""
    digits = str(number)
    if number == 0 or len(digits) > 4 * len(_BIG_UNITS):
        return "".join(_DIGITS[int(digit)] for digit in digits)
    words = ""
    for unit in range((len(digits) - 1) // 4, -1, -1):
        group = number // 10 ** (4 * unit) % 10**4
        if group:
            words += ("" if group == 1 and unit == 1 else _below_ten_thousand(group)) + _BIG_UNITS[unit]
    return words


def jaso(text: str, keep_spaces: bool = True) -> list[str]:
    """The letters of each syllable, a token each, and ``<space>`` between words."""
    words = [list(unicodedata.normalize("NFD", word)) for word in text.split()]
    tokens: list[str] = []
    for word in words:
        tokens.extend([_SPACE] if tokens and keep_spaces else [])
        tokens.extend(word)
    return tokens


def _below_ten_thousand(number: int) -> str:
    words = ""
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += ("" if digit == 1 and place else _DIGITS[digit]) + _SMALL_UNITS[place]
    return words


def _spoken_number(match: re.Match) -> str:
    whole, decimals = match.groups()
    words = cardinal(int(whole.replace(",", "")))
    return words + ("점" + "".join(_DIGITS[int(digit)] for digit in decimals) if decimals else "")

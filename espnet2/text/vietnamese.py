"""Vietnamese text as it is spoken: one form of each letter, lower case, numbers in words."""

import re
import unicodedata

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS = ("", "nghìn", "triệu", "tỷ")
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?")  # 1.234,5
_SYMBOLS = str.maketrans({";": ",", ":": ",", "&": " và ", "%": " phần trăm ", **dict.fromkeys('()[]<>"“”')})


def clean_vietnamese(text: str) -> str:
    """``Năm 2.024, Việt Nam`` -> ``năm hai nghìn không trăm hai mươi bốn, việt nam``."""
    text = unicodedata.normalize("NFC", text).lower().translate(_SYMBOLS)
    return " ".join(_NUMBER.sub(_spoken_number, text).split())


def cardinal(number: int) -> str:
    """A number below 10**12 in words; digit by digit above that."""
    digits = str(number)
    if len(digits) > 3 * len(_GROUPS):
        return " ".join(_DIGITS[int(digit)] for digit in digits)
    if number == 0:
        return _DIGITS[0]
    words: list[str] = []
    for place in range((len(digits) - 1) // 3, -1, -1):
        group = number // 1000**place % 1000
        if group:
            words += [*_below_thousand(group, bool(words)), _GROUPS[place]]
    return " ".join(word for word in words if word)


def _below_thousand(number: int, after_others: bool) -> list[str]:
    """Three digits; those that follow others say their hundreds even if they are none."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = [_DIGITS[hundreds], "trăm"] if hundreds or after_others else []
    if tens == 0:
        return words + (["lẻ"] if words and ones else []) + ([_DIGITS[ones]] if ones else [])
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones == 1 and tens > 1:
        return [*words, "mốt"]
    if ones == 5:
        return [*words, "lăm"]
    return words + ([_DIGITS[ones]] if ones else [])


def _spoken_number(match: re.Match) -> str:
    whole, decimals = match.groups()
    words = cardinal(int(whole.replace(".", "")))
    return words + (" phẩy " + " ".join(_DIGITS[int(digit)] for digit in decimals) if decimals else "")

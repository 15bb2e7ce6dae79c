"""English text as it is spoken: the ``tacotron`` cleaner.

The steps are those of the text front end that became customary with K. Ito's Tacotron (https://github.com/keithito/tacotron):
ASCII, numbers and abbreviations in words, few symbols, upper case.
"""

import re
import unicodedata

_ABBREVIATIONS = {
    "mrs": "misess", "mr": "mister", "dr": "doctor", "st": "saint", "co": "company", "jr": "junior", "maj": "major",
    "gen": "general", "drs": "doctors", "rev": "reverend", "lt": "lieutenant", "hon": "honorable", "sgt": "sergeant",
    "capt": "captain", "esq": "esquire", "ltd": "limited", "col": "colonel", "ft": "fort",
}  # fmt: skip
_ABBREVIATION = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\.")
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
_SYMBOLS = str.maketrans({";": ",", ":": ",", "-": " ", "&": " and ", **dict.fromkeys('()[]<>"')})
_WHOLE = r"(\d{1,3}(?:,\d{3})+|\d+)"
_MONEY = re.compile(rf"([$£]){_WHOLE}(?:\.(\d\d))?(?![\d.]*\d)")
_NUMBER = re.compile(rf"{_WHOLE}(?:\.(\d+)|(st|nd|rd|th)\b)?")
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def clean_english(text: str) -> str:
    """``Mr. Smith paid $3.50`` -> ``MISTER SMITH PAID THREE DOLLARS, FIFTY CENTS``."""
    text = _MONEY.sub(_spoken_money, text.translate(_TYPOGRAPHY).lower())
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = _NUMBER.sub(_spoken_number, text)
    text = _ABBREVIATION.sub(lambda match: _ABBREVIATIONS[match[1]], text)
    return " ".join(text.translate(_SYMBOLS).upper().split())


def cardinal(number: int) -> str:
    """123 -> ``one hundred twenty three``."""
    for scale, name in _SCALES:
        if number >= scale:
            return _join(f"{cardinal(number // scale)} {name}", number % scale)
    return _SMALL[number] if number < 20 else _join(_TENS[number // 10], number % 10)


def ordinal(number: int) -> str:
    """21 -> ``twenty first``."""
    *others, last = cardinal(number).split()
    last = _ORDINALS.get(last) or (f"{last[:-1]}ie" if last.endswith("y") else last) + "th"
    return " ".join([*others, last])


def year(number: int) -> str:
    """1995 -> ``nineteen ninety five``, 2007 -> ``two thousand seven``; other numbers as they are."""
    century, rest = divmod(number, 100)
    if not 1000 < number < 3000 or number % 1000 < 10:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def _join(words: str, rest: int) -> str:
    return f"{words} {cardinal(rest)}" if rest else words


def _spoken_money(match: re.Match) -> str:
    units, cents = int(match[2].replace(",", "")), int(match[3] or 0)
    big, small = ("dollar", "cent") if match[1] == "$" else ("pound", "pence")
    parts = []
    if units or not cents:
        parts.append(f"{cardinal(units)} {big}{'s' * (units != 1)}")
    if cents:
        parts.append(f"{cardinal(cents)} {small}{'s' * (cents != 1 and small == 'cent')}")
    return ", ".join(parts)


def _spoken_number(match: re.Match) -> str:
    whole, decimals, suffix = match.groups()
    number = int(whole.replace(",", ""))
    if decimals:
        return f"{cardinal(number)} point {' '.join(_SMALL[int(digit)] for digit in decimals)}"
    if suffix:
        return ordinal(number)
    return cardinal(number) if "," in whole else year(number)

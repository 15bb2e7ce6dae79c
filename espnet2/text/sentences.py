"""A long text cut where a speaker would pause."""

import re

# After these, in the order of preference: sentences, clauses, words.
_ENDS = (
    re.compile(r"(?<=[.!?;…])[\"')\]]*\s+|(?<=[。！？．；])|\n+"),
    re.compile(r"(?<=[,:–—-])\s+|(?<=[、，：])"),
    re.compile(r"\s+"),
)


def split_text(text: str, max_chars: int) -> list[str]:
    """Pieces of at most ``max_chars`` characters: whole sentences if they fit, else clauses, words, or what fits.

    Args:
        text: Any text.
        max_chars: The most characters of a piece; 0: the text is one piece.
    """
    text = text.strip()
    if max_chars <= 0 or len(text) <= max_chars:
        return [text] if text else []
    return _split(text, max_chars, 0)


def split_sentences(text: str, max_chars: int) -> list[str]:
    """Each sentence by itself, and those of more than ``max_chars`` characters in pieces; see ``split_text``."""
    return [piece for part in _parts(text, _ENDS[0]) for piece in split_text(part, max_chars)]


def _split(text: str, max_chars: int, level: int) -> list[str]:
    if len(text) <= max_chars:
        return [text] if text else []
    if level == len(_ENDS):
        return [text[start : start + max_chars] for start in range(0, len(text), max_chars)]
    pieces: list[str] = []
    joined = ""
    for part in _parts(text, _ENDS[level]):
        if joined and len(joined) + len(part) <= max_chars:
            joined += part
            continue
        if joined.strip():
            pieces.append(joined.strip())
        joined = ""
        if len(part.strip()) > max_chars:
            *whole, last = _split(part.strip(), max_chars, level + 1)
            pieces.extend(whole)
            part = last + part[len(part.rstrip()) :]
        joined = part
    if joined.strip():
        pieces.append(joined.strip())
    return pieces


def _parts(text: str, end: re.Pattern) -> list[str]:
    """The parts with the blanks that follow them."""
    cuts = [0, *(match.end() for match in end.finditer(text)), len(text)]
    return [text[start:stop] for start, stop in zip(cuts, cuts[1:]) if stop > start]

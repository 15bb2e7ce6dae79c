"""Guesses at what a mistyped name was meant to be."""

import difflib
from collections.abc import Iterable

MOST_LISTED = 40


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like ``word``, if one does."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error message: a guess, or all known names if they are few."""
    known = list(known)
    guess = nearest(word, known)
    if guess is not None:
        return f" Did you mean '{guess}'?"
    return f" Known: {', '.join(known)}." if 0 < len(known) <= MOST_LISTED else ""

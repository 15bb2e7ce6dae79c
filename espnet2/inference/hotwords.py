"""Hotwords: phrases that the recogniser listens for."""

import logging
from collections.abc import Sequence
from pathlib import Path

from espnet2.search.context_biasing import Phrase
from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.utils.errors import InputError

Hotwords = str | Path | Sequence[str | tuple[str, float]]


def read_hotwords(
    hotwords: Hotwords | None, boost: float, tokenizer: AbsTokenizer | None, converter: TokenIDConverter
) -> list[Phrase]:
    """The token ids of phrases. A phrase with tokens that the recogniser does not know is told and left out.

    Args:
        hotwords: A file with one phrase a line, with a tab and a boost of its own after it or without; or the phrases.
        boost: What each token of a phrase earns that has no boost of its own.
        tokenizer: The recogniser's tokenizer.
        converter: The recogniser's tokens.
    Raises:
        InputError: If the file cannot be read, a boost is no number, or the recogniser has no tokenizer.
    """
    if hotwords is None:
        return []
    if tokenizer is None:
        raise InputError("hotwords: the recogniser has no tokenizer; name its token_type (and bpemodel).")
    phrases = []
    for text, own_boost in _read(hotwords) if isinstance(hotwords, (str, Path)) else map(_as_pair, hotwords):
        ids = converter.tokens2ids(tokenizer.text2tokens(text))
        if converter.unk_id in ids:
            logging.warning(f"hotword '{text}' is left out: it has characters or pieces that are not among the tokens")
        elif ids:
            phrases.append(Phrase(ids, boost if own_boost is None else own_boost))
    return phrases


def _as_pair(phrase: str | tuple[str, float]) -> tuple[str, float | None]:
    return (phrase, None) if isinstance(phrase, str) else (phrase[0], float(phrase[1]))


def _read(file: str | Path) -> list[tuple[str, float | None]]:
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"hotwords: {file} cannot be read: {error}") from error
    phrases: list[tuple[str, float | None]] = []
    for number, line in enumerate(lines, 1):
        text, tab, boost = line.partition("\t")
        try:
            phrases.append((text.strip(), float(boost) if tab else None))
        except ValueError:
            raise InputError(f"{file}:{number}: '{boost}' after the tab is no number.") from None
    return [phrase for phrase in phrases if phrase[0]]

"""Lines of text to lines of tokens, and the tokens' list."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.cleaner import TextCleaner
from espnet2.utils.errors import InputError


def parse_field(field: str | None) -> slice:
    """The columns that a word such as ``2-``, ``2-5``, ``-3`` or ``2`` means, counted from 1 as in cut(1).

    Raises:
        InputError: If it is no such word.
    """
    if field is None:
        return slice(None)
    first, dash, last = field.strip().partition("-")
    try:
        begin = int(first) if first else 1
        end = (int(last) if last else None) if dash else begin
    except ValueError:
        begin, end = 0, None
    if begin < 1 or (end is not None and end < begin):
        raise InputError(f"--field '{field}': expected columns such as 2-, 2-5, -3 or 2, counted from 1")
    return slice(begin - 1, end)


def tokenize_lines(
    lines: Iterable[str],
    tokenizer: AbsTokenizer,
    cleaner: TextCleaner,
    field: str | None = None,
    delimiter: str | None = None,
) -> Iterator[list[str]]:
    """The tokens of the chosen columns of each line.

    Args:
        lines: Without line ends.
        tokenizer: Cuts them.
        cleaner: Applied before.
        field: See ``parse_field``; None takes the line as it is.
        delimiter: Between columns; None means white space.
    """
    columns = parse_field(field)
    for line in lines:
        if field is not None:
            line = (delimiter or " ").join(line.split(delimiter)[columns])
        yield tokenizer.text2tokens(cleaner(line))


def build_vocabulary(
    token_lines: Iterable[list[str]], added: Iterable[str] = (), size: int = 0, cutoff: int = 0
) -> list[str]:
    """The tokens by falling count (equal ones as first seen), with symbols put at their places.

    Args:
        token_lines: The corpus.
        added: ``<symbol>:<index>``, put in one after another; -1 means the end.
        size: At most so many, symbols included; 0 means all.
        cutoff: Only tokens that occur more often.
    Raises:
        InputError: If an added symbol has no index, or ``size`` leaves no room for tokens.
    """
    symbols = [_symbol_and_index(word) for word in added]
    counts: Counter[str] = Counter()
    for tokens in token_lines:
        counts.update(tokens)
    total = sum(counts.values())
    for symbol, _ in symbols:
        total -= counts.pop(symbol, 0)
    kept = [(token, count) for token, count in counts.most_common() if count > cutoff]
    if size:
        if size <= len(symbols):
            raise InputError(f"vocabulary_size {size} leaves no room beside {len(symbols)} added symbols")
        kept = kept[: size - len(symbols)]
    if total:
        unknown = 1 - sum(count for _, count in kept) / total
        logging.info("OOV rate = %.4g %%", 100 * unknown)
    vocabulary = [token for token, _ in kept]
    for symbol, index in symbols:
        vocabulary.insert(index if index >= 0 else len(vocabulary) + 1 + index, symbol)
    return vocabulary


def _symbol_and_index(word: str) -> tuple[str, int]:
    symbol, colon, index = word.rpartition(":")
    try:
        return symbol, int(index) if colon else int("")
    except ValueError:
        raise InputError(f"--add_symbol '{word}': expected <symbol>:<index>, such as '<blank>:0'") from None

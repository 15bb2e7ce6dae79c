"""The table of token types."""

import os
from collections.abc import Callable, Iterable

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.symbols import Symbols
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

# Tokens of a published model; Whisper's come from its tokenizer's folder of Hugging Face too.
PUBLISHED_TYPES = ("hugging_face", "whisper_en", "whisper_multilingual")


def build_tokenizer(
    token_type: str,
    bpemodel: str | os.PathLike | None = None,
    non_linguistic_symbols: Symbols = None,
    remove_non_linguistic_symbols: bool = False,
    space_symbol: str = "<space>",
    delimiter: str | None = None,
    g2p_type: str | None = None,
    nonsplit_symbol: Iterable[str] | None = None,
) -> AbsTokenizer:
    """Make the tokenizer of a type.

    Args:
        token_type: ``bpe``, ``char``, ``word``, ``phn``, ``hugging_face``, ``whisper_en`` or ``whisper_multilingual``.
        bpemodel: The sentencepiece model of ``bpe``; the folder (or published name) of the last three's tokenizer.
        non_linguistic_symbols: Symbols that stay whole: a list, or a file with one a line.
        remove_non_linguistic_symbols: Drop them instead (not for ``bpe``, where the model decides).
        space_symbol: ``char``'s token for a blank.
        delimiter: Between the words of ``word``; None means white space.
        g2p_type: The grapheme-to-phoneme converter of ``phn``; None for text that is phonemes already.
        nonsplit_symbol: Further symbols that ``char`` keeps whole, as ``symbol`` or ``symbol:index``.
    Raises:
        InputError: If the type is unknown, or what it needs is missing.
    """
    nonsplit = [symbol.rsplit(":", 1)[0] for symbol in nonsplit_symbol or ()]
    removed = remove_non_linguistic_symbols

    def bpe() -> AbsTokenizer:
        from espnet2.text.sentencepiece_tokenizer import SentencepiecesTokenizer

        if bpemodel is None:
            raise InputError("token_type bpe needs --bpemodel, the model that the token stage made")
        if removed:
            raise InputError("remove_non_linguistic_symbols cannot be had with token_type bpe")
        return SentencepiecesTokenizer(bpemodel)

    def char() -> AbsTokenizer:
        from espnet2.text.char_tokenizer import CharTokenizer

        return CharTokenizer(non_linguistic_symbols, space_symbol, removed, nonsplit)

    def word() -> AbsTokenizer:
        from espnet2.text.word_tokenizer import WordTokenizer

        return WordTokenizer(delimiter, non_linguistic_symbols, removed)

    def phn() -> AbsTokenizer:
        from espnet2.text.phoneme_tokenizer import PhonemeTokenizer

        return PhonemeTokenizer(g2p_type, non_linguistic_symbols, removed)

    def published() -> AbsTokenizer:
        from espnet2.text.hugging_face_tokenizer import HuggingFaceTokenizer

        if bpemodel in (None, token_type):  # recipes name the type itself where there is no file
            raise InputError(f"token_type {token_type} needs --bpemodel, a folder with the tokenizer files of Hugging Face")
        if removed:
            raise InputError(f"remove_non_linguistic_symbols cannot be had with token_type {token_type}")
        return HuggingFaceTokenizer(bpemodel)

    makers: dict[str, Callable[[], AbsTokenizer]] = {"bpe": bpe, "char": char, "word": word, "phn": phn}
    makers.update(dict.fromkeys(PUBLISHED_TYPES, published))
    if token_type not in makers:
        raise InputError(f"token_type '{token_type}' is unknown.{did_you_mean(token_type, makers)}")
    return makers[token_type]()

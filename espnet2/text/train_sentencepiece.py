"""Subword models (Kudo and Richardson, "SentencePiece", EMNLP 2018, https://arxiv.org/abs/1808.06226)."""

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from espnet2.fileio.read_text import read_lines
from espnet2.utils.errors import InputError

_TOO_LARGE = re.compile(r"value <= (\d+)")
_TOO_SMALL = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")


def train_sentencepiece(
    text: str | os.PathLike,
    model_prefix: str | os.PathLike,
    vocab_size: int,
    model_type: str = "unigram",
    character_coverage: float = 1.0,
    input_sentence_size: int = 100_000_000,
    user_defined_symbols: Sequence[str] = (),
) -> None:
    """Write ``<model_prefix>.model`` and ``<model_prefix>.vocab`` (``<piece> TAB <score>`` lines), both or neither.

    Args:
        text: One sentence a line.
        model_prefix: Path without the extension.
        vocab_size: Number of pieces, with ``<unk>``, ``<s>`` and ``</s>``.
        model_type: ``unigram`` or ``bpe``.
        character_coverage: Share of the text's characters that have pieces of their own.
        input_sentence_size: At most so many lines, drawn at random, are looked at.
        user_defined_symbols: Symbols that always are one piece.
    Raises:
        InputError: If the text is empty or the size does not suit it; the message says which sizes do.
    """
    import sentencepiece

    if not any(line.strip() for _, line in read_lines(text)):
        raise InputError(f"{text}: no text to train subwords on")
    prefix = Path(model_prefix)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=prefix.parent) as folder:
        try:
            sentencepiece.SentencePieceTrainer.train(
                input=str(text),
                model_prefix=f"{folder}/new",
                vocab_size=vocab_size,
                model_type=model_type,
                character_coverage=character_coverage,
                input_sentence_size=input_sentence_size,
                user_defined_symbols=list(user_defined_symbols),
                minloglevel=1,
            )
        except RuntimeError as error:
            raise InputError(_explain(str(error), vocab_size, text)) from None
        for extension in ("vocab", "model"):
            os.replace(f"{folder}/new.{extension}", f"{prefix}.{extension}")


def _explain(error: str, vocab_size: int, text: str | os.PathLike) -> str:
    if match := _TOO_LARGE.search(error):
        return f"{text}: a vocabulary of {vocab_size} subwords is too large for this text: {match[1]} at most (--nbpe)"
    if match := _TOO_SMALL.search(error):
        return (
            f"{text}: a vocabulary of {vocab_size} subwords is too small: its characters need {match[1]} (--nbpe); "
            "or give rare ones up with a lower --bpe_char_cover"
        )
    return f"{text}: no subwords could be trained: {error}"

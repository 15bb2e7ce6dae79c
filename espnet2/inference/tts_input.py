"""What a synthesiser is told: a text as token ids, and what belongs to it, as tensors."""

# Shapes: L tokens, N samples, D size of a speaker's vector
import argparse
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.text.sentences import split_sentences, split_text
from espnet2.utils.errors import InputError

Values = np.ndarray | Tensor
PUNCTUATION = frozenset(".,;:!?…¡¿-–—\"'()«»“”„‘’。、，；：？！")  # what a voice that has no token for it leaves out


class TextReader:
    """Texts to token ids.

    Args:
        preprocess: Of the training; None: ids are given in place of words.
        train_args: Options of the training.
        device: Where the ids go.
    """

    def __init__(self, preprocess: Any, train_args: argparse.Namespace, device: str):
        self.preprocess = preprocess
        self.train_args = train_args
        self.device = device
        self.unknown_id = train_args.token_list.index("<unk>") if "<unk>" in train_args.token_list else None
        self._left_out: set[str] = set()  # told already

    def tokens(self, text: str | Values) -> Tensor:
        """The token ids of a text; punctuation that the token list lacks is left out.

        Raises:
            InputError: If the text is empty or cleans to nothing, or holds what the token list does not.

        Shapes:
            -> (L,)
        """
        if not isinstance(text, str):
            ids = torch.as_tensor(text, device=self.device)
            if len(ids) == 0:
                raise InputError("The text is empty.")
            return ids
        if self.preprocess is None:
            raise InputError("This model was trained without a preprocessor: give token ids in place of words.")
        if not text.strip():
            raise InputError("The text is empty.")
        ids = torch.from_numpy(self.preprocess("<text>", {"text": text})["text"]).to(self.device)
        if len(ids) == 0:
            raise InputError(f"Nothing is left of the text '{text[:60]}' when it is cleaned ({self.train_args.cleaner}).")
        unknown = self.preprocess.unknown_tokens(text) if self.unknown_id in ids.tolist() else []
        if unknown and PUNCTUATION.issuperset(unknown):
            self._tell(unknown)
            ids = ids[ids != self.unknown_id]
            if len(ids) == 0:
                raise InputError(f"There is only punctuation in '{text[:60]}', for which the model has no tokens.")
        elif unknown:
            raise InputError(
                f"The model does not know the tokens {', '.join(map(repr, unknown))} in '{text[:60]}': they are not among the "
                f"{len(self.train_args.token_list)} of its token list ({self.train_args.token_type})."
            )
        return ids

    def _tell(self, tokens: list[str]) -> None:
        """Warn of punctuation that is left out, once of each."""
        new = [token for token in tokens if token not in self._left_out]
        if new:
            logging.warning(f"The model has no tokens for {' '.join(new)}: left out.")
        self._left_out.update(new)


def pieces_of(text: str | Values, max_chars: int, by_sentence: bool = False) -> list[Any]:
    """A text cut where a speaker would pause. Of several pieces those without letters and digits are left out.

    Args:
        text: Words; token ids stay together.
        max_chars: The most characters of a piece; 0: it is not cut.
        by_sentence: Cut after each sentence.
    """
    if not isinstance(text, str) or max_chars <= 0:
        return [text]
    pieces = (split_sentences if by_sentence else split_text)(text, max_chars)
    if len(pieces) > 1:
        pieces = [piece for piece in pieces if any(map(str.isalnum, piece))]
    return pieces or [text]


def as_tensors(given: Mapping[str, Any], dtype: torch.dtype, device: str) -> dict[str, Tensor]:
    """What is given beside a text, as tensors: ``spembs`` (D,), ``sids`` (1,), ``lids`` (1,) and so on.

    Args:
        given: Arrays, numbers or None by name.
        dtype: Of what is not whole numbers.
        device: Where they go.
    """
    tensors = {name: torch.as_tensor(value, device=device) for name, value in given.items() if value is not None}
    for name in ("sids", "lids"):
        if name in tensors:
            tensors[name] = tensors[name].view(1)
    for name in ("speech", "spembs"):
        if name in tensors:
            tensors[name] = tensors[name].to(dtype)
    if "spembs" in tensors:
        tensors["spembs"] = tensors["spembs"].flatten()  # some tools write (1, D)
    return tensors

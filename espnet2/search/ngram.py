"""N-gram language model scores, by KenLM (https://github.com/kpu/kenlm)."""
# Shapes: U utterances, K hypotheses of each, L tokens so far (sos first), V vocabulary, C candidates
import os
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.search.scorer import Scorer
from espnet2.utils.errors import InputError

MAX_CONTEXTS = 100_000  # remembered at most


class NgramScorer(Scorer):
    """Base-10 log-probabilities of tokens after the last n - 1 ones; what was asked once is remembered.

    Args:
        ngram_file: An ARPA file or KenLM's binary form.
        token_list: All tokens; ``<eos>`` is asked for as ``</s>``.
        is_partial: Judge candidates only, which is cheaper where the vocabulary is large.

    Raises:
        InputError: If KenLM is not installed or the file cannot be read.
    """

    ignores_speech = True

    def __init__(self, ngram_file: str | os.PathLike, token_list: Sequence[str], is_partial: bool = False):
        try:
            import kenlm
        except ImportError as error:
            raise InputError("N-gram scores need KenLM: tools/installers/install_kenlm.sh or pip install kenlm") from error
        try:
            self._lm = kenlm.LanguageModel(os.fspath(ngram_file))
        except OSError as error:
            raise InputError(f"{ngram_file} cannot be read as an n-gram model: {error}") from error
        self._new_state = kenlm.State
        self._words = ["</s>" if token == "<eos>" else token for token in token_list]
        self._contexts: dict[tuple[int, ...], tuple[Any, dict[int, float]]] = {}
        self.is_partial = is_partial

    def start(self, encoded: Tensor, lengths: Tensor) -> None:
        """There is no state but the prefixes themselves; forgets contexts when there are too many."""
        if len(self._contexts) > MAX_CONTEXTS:
            self._contexts.clear()

    def score(self, prefixes: Tensor, state: None, candidates: Tensor | None = None) -> tuple[Tensor, None]:
        """Look up what may follow.

        Shapes:
            prefixes (U, K, L), candidates (U, K, C) -> (U, K, V) or (U, K, C)
        """
        everything = range(len(self._words))
        rows = prefixes.flatten(0, 1).tolist()
        asked = [everything] * len(rows) if candidates is None else candidates.flatten(0, 1).tolist()
        scores = torch.tensor([self._log_probs(row, ids) for row, ids in zip(rows, asked)], device=prefixes.device)
        return scores.unflatten(0, prefixes.shape[:2]), None

    def _log_probs(self, prefix: list[int], ids: Sequence[int]) -> list[float]:
        # sos is <s>; beyond n - 1 tokens the model sees nothing
        context = (-1, *prefix[1:])[-max(self._lm.order - 1, 1) :]
        if context not in self._contexts:
            self._contexts[context] = self._state_of(context), {}
        state, known = self._contexts[context]
        out = self._new_state()
        for token in ids:
            if token not in known:
                known[token] = self._lm.BaseScore(state, self._words[token], out)
        return [known[token] for token in ids]

    def _state_of(self, context: tuple[int, ...]) -> Any:
        state = self._new_state()
        self._lm.NullContextWrite(state)
        for token in context:
            following = self._new_state()
            self._lm.BaseScore(state, "<s>" if token < 0 else self._words[token], following)
            state = following
        return state

    def select(self, state: None, parents: Tensor, tokens: Tensor) -> None:
        """Nothing to select."""

    def keep(self, state: None, utterances: Tensor) -> None:
        """Nothing to keep."""

    def join(self, states: Sequence[None]) -> None:
        """Nothing to join."""

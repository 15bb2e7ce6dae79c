"""All that a beam search knows of a model.

A scorer judges the next token of many hypotheses at once: K hypotheses of each of U utterances. What it has computed for
a prefix lies in a state that the search hands back and never looks into: a decoder keeps its keys and values there, the
CTC scorer its forward variables. After each step the search picks survivors (``select``), and when an utterance is done it leaves
the batch (``keep``). While the speech still comes in, a search goes on with more of it (``extend``), and may go back to
an earlier state: no method changes the state that it is given.
"""
# Shapes: U utterances, K hypotheses of each, L tokens so far (sos first), T frames, D model size, V vocabulary
#         C candidates of a hypothesis
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.utils.errors import InputError


class Scorer(ABC):
    """Log-probabilities of the next token.

    Attributes:
        is_partial: Whether the scorer is dear and so is asked for candidates only, which the other scorers choose.
        ignores_speech: Whether its scores are the same whatever the encoder's output is.
        sees_last_token_only: Whether ``score`` looks at no more than the last token, so that prefixes of different
            lengths can be judged together, by one ``score`` with their last tokens only.
    """

    is_partial = False
    ignores_speech = False
    sees_last_token_only = False

    @property
    def can_stream(self) -> bool:
        """Whether ``extend`` is possible."""
        return self.ignores_speech or type(self).extend is not Scorer.extend

    @abstractmethod
    def start(self, encoded: Tensor, lengths: Tensor) -> Any:
        """The state of one hypothesis per utterance that holds nothing but sos.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """

    @abstractmethod
    def score(self, prefixes: Tensor, state: Any, candidates: Tensor | None = None) -> tuple[Tensor, Any]:
        """Judge what may follow each prefix, and digest the prefixes' last tokens.

        Args:
            prefixes: Token ids.
            state: What the last call (or ``start``) gave, after ``select``.
            candidates: The ids asked for; all when None. Only partial scorers are given any.

        Shapes:
            prefixes (U, K, L), candidates (U, K, C) -> (U, K, V) or (U, K, C)
        """

    @abstractmethod
    def select(self, state: Any, parents: Tensor, tokens: Tensor) -> Any:
        """The state of the survivors.

        Args:
            state: The state after ``score``.
            parents: For each survivor, the hypothesis that it extends.
            tokens: The token that it is extended by.

        Shapes:
            parents (U, K'), tokens (U, K')
        """

    @abstractmethod
    def keep(self, state: Any, utterances: Tensor) -> Any:
        """The state of some of the utterances.

        Shapes:
            utterances (U',) row numbers
        """

    def extend(self, state: Any, encoded: Tensor, max_frames: int | None = None) -> Any:
        """The state once more frames have come; at a cost that does not depend on how many came before.

        Args:
            state: Of utterances without padding.
            encoded: The new frames.
            max_frames: How many of all frames the scorer goes on to hear, the last ones; all when None.
        Raises:
            InputError: If this kind of scorer must have the whole speech at once.

        Shapes:
            encoded (U, s, D)
        """
        if self.ignores_speech:
            return state
        raise InputError(f"A {type(self).__name__} cannot stream: it needs the whole utterance at once.")

    def join(self, states: Sequence[Any]) -> Any:
        """One state of all hypotheses of several states, each of one utterance, with prefixes of one length.

        It is the same utterance, unless the scorer ignores the speech. Only searches whose hypotheses go different ways,
        such as a transducer's, need it; those along CTC's frames are quicker with it.

        Raises:
            InputError: If this kind of scorer cannot do that.
        """
        raise InputError(f"A {type(self).__name__} cannot take part in the search of a transducer.")


def rows_of(parents: Tensor, num_hypotheses: int) -> Tensor:
    """Row numbers in a tensor that holds the hypotheses of all utterances one after another.

    Args:
        parents: Hypothesis numbers within each utterance.
        num_hypotheses: K, how many rows each utterance has.

    Shapes:
        parents (U, K') -> (U * K',)
    """
    first = torch.arange(0, len(parents) * num_hypotheses, num_hypotheses, device=parents.device)
    return (parents + first.unsqueeze(1)).flatten()


def rows_of_utterances(utterances: Tensor, num_hypotheses: int) -> Tensor:
    """Row numbers of all hypotheses of some utterances, in the same kind of tensor.

    Shapes:
        utterances (U',) -> (U' * K,)
    """
    hypotheses = torch.arange(num_hypotheses, device=utterances.device)
    return (utterances.unsqueeze(1) * num_hypotheses + hypotheses).flatten()


def take_hypotheses(tensor: Tensor, parents: Tensor) -> Tensor:
    """Reorder the hypotheses of each utterance.

    Shapes:
        tensor (U, K, ...), parents (U, K') -> (U, K', ...)
    """
    rows = rows_of(parents, tensor.size(1))
    return tensor.flatten(0, 1).index_select(0, rows).unflatten(0, parents.shape)

"""What a scorer says of prefixes of different lengths.

A frame-synchronous beam holds prefixes of many lengths, while a scorer digests one token of each of its hypotheses in a
call. So prefixes live on shelves: those that were judged together, with the scorer's state. A new prefix takes its
parent's state, one token on; each is digested once, and as many as the scorer can take go together.
"""
# Shapes: U utterances, N new prefixes, L tokens of a prefix (sos first), T frames, D model size, V vocabulary
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.search.scorer import Scorer


class Shelf(NamedTuple):
    """Prefixes that were judged together: hypotheses of one utterance, or of any if the scorer ignores the speech."""

    prefixes: Tensor  # (1, N, L); the last tokens alone, if the scorer sees nothing else
    state: Any


class PrefixScores:
    """Scores of the token after a prefix.

    Args:
        scorer: The scorer. A partial one is asked for all tokens, as candidates differ from frame to frame.
        sos: Id that each prefix begins with.
    """

    def __init__(self, scorer: Scorer, sos: int):
        self.scorer = scorer
        self.sos = sos
        self._can_join = type(scorer).join is not Scorer.join
        self._shelves: dict[int, Shelf] = {}
        self._num_shelves = 0

    def copy(self) -> "PrefixScores":
        """The same prefixes, to be extended while these stay as they are."""
        other = PrefixScores(self.scorer, self.sos)
        other._shelves, other._num_shelves = dict(self._shelves), self._num_shelves
        return other

    def start(self, encoded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The empty prefixes.

        Returns:
            Where they lie (number of the shelf, number on it), and scores of the first token.

        Shapes:
            encoded (U, T, D), lengths (U,) -> (U, 2), (U, V)
        """
        prefix = torch.full((1, 1, 1), self.sos, device=encoded.device)
        utterances = range(1 if self.scorer.ignores_speech else len(encoded))
        found = [
            self._put(prefix, self.scorer.start(encoded[row : row + 1, : int(lengths[row])], lengths[row : row + 1]))
            for row in utterances
        ]
        places, scores = torch.cat([place for place, _ in found]), torch.cat([score for _, score in found])
        return places.expand(len(encoded), -1), scores.expand(len(encoded), -1)

    def extend(self, utterances: Tensor, places: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Longer prefixes.

        Args:
            utterances: Whose they are.
            places: Where their parents lie.
            tokens: What each parent grows by.

        Shapes:
            utterances (N,), places (N, 2), tokens (N,) -> (N, 2), (N, V)
        """
        shelves = places[:, 0].tolist()
        whose = utterances.tolist()

        def kind(number: int) -> tuple[int, int]:
            """Prefixes of one kind go together."""
            if not self._can_join:
                return shelves[number], 0
            length = self._shelves[shelves[number]].prefixes.size(2)
            return 0 if self.scorer.ignores_speech else whose[number], length

        order = sorted(range(len(shelves)), key=lambda number: (kind(number), shelves[number]))
        found = []
        for _, some in groupby(order, key=kind):
            parts = [list(part) for _, part in groupby(some, key=shelves.__getitem__)]
            found.append(self._judge([self._grow(shelves[part[0]], places[part, 1], tokens[part]) for part in parts]))
        back = torch.tensor(order, device=tokens.device).argsort()
        return torch.cat([place for place, _ in found])[back], torch.cat([scores for _, scores in found])[back]

    def _grow(self, shelf_number: int, rows: Tensor, tokens: Tensor) -> Shelf:
        """Some prefixes of a shelf, one token longer, not yet judged: rows (n,), tokens (n,)."""
        shelf = self._shelves[shelf_number]
        prefixes = tokens.view(1, -1, 1)
        if not self.scorer.sees_last_token_only:
            prefixes = torch.cat([shelf.prefixes[:, rows], prefixes], 2)
        return Shelf(prefixes, self.scorer.select(shelf.state, rows.unsqueeze(0), tokens.unsqueeze(0)))

    def _judge(self, parts: Sequence[Shelf]) -> tuple[Tensor, Tensor]:
        """Prefixes from several shelves, in one call."""
        if len(parts) == 1:
            return self._put(*parts[0])
        prefixes = torch.cat([part.prefixes for part in parts], 1)
        return self._put(prefixes, self.scorer.join([part.state for part in parts]))

    def _put(self, prefixes: Tensor, state: Any) -> tuple[Tensor, Tensor]:
        """Digest the last tokens, and put the prefixes on a shelf of their own: (1, N, L) -> (N, 2), (N, V)."""
        scores, state = self.scorer.score(prefixes, state)
        rows = torch.arange(prefixes.size(1), device=prefixes.device)
        places = torch.stack([torch.full_like(rows, self._num_shelves), rows], 1)
        self._shelves[self._num_shelves] = Shelf(prefixes, state)
        self._num_shelves += 1
        return places, scores.squeeze(0).float()

    def forget_all_but(self, places: Tensor) -> None:
        """Drop shelves that no prefix of the beam lies on.

        Shapes:
            places (..., 2)
        """
        used = set(places[..., 0].unique().tolist())
        self._shelves = {number: shelf for number, shelf in self._shelves.items() if number in used}

"""A liking for some phrases: names, terms, whatever the user expects to hear.

Each token that continues a phrase earns its boost at once, so that the phrase survives in the beam; what an unfinished
phrase has earned is taken back when another token follows. In the end a transcript has earned exactly
``boost * tokens`` for each occurrence of a phrase. All phrases are matched at once by the automaton of

Aho, Corasick, "Efficient string matching: an aid to bibliographic search", 1975, https://doi.org/10.1145/360825.360855

unfolded into tables, so that a step of all hypotheses is two look-ups. With a weighted automaton in the beam search:
Pundak et al., "Deep context: end-to-end contextual speech recognition", 2018, https://arxiv.org/abs/1808.02480
"""
# Shapes: U utterances, K hypotheses of each, V vocabulary, S states
#         A tokens that occur in phrases, and one for all others
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.search.scorer import Scorer, take_hypotheses

HOTWORDS = "hotwords"  # the scorer's name in a search


class Phrase(NamedTuple):
    """A phrase to listen for."""

    tokens: Sequence[int]
    boost: float  # of each token


class _Node:
    """A beginning of phrases."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.children: dict[int, int] = {}
        self.fallback = 0  # the longest other node that this one ends in
        self.unfinished_boost = 0.0  # of the dearest phrase that goes on from here
        self.finished = 0.0  # what the phrases that end here earn


class ContextScorer(Scorer):
    """Scores tokens by how they continue phrases.

    Args:
        phrases: Token ids and boosts; of equal phrases the last one's boost counts.
        vocab_size: V.
        eos: Id of eos, which leaves phrases unfinished.
    """

    ignores_speech = True
    sees_last_token_only = True

    def __init__(self, phrases: Sequence[Phrase], vocab_size: int, eos: int):
        nodes = _automaton(phrases)
        tokens = sorted({token for phrase in phrases for token in phrase.tokens} - {eos})
        columns = {token: column for column, token in enumerate(tokens, 1)}  # column 0: all other tokens
        self._column = torch.zeros(vocab_size, dtype=torch.long)
        self._column[tokens] = torch.arange(1, len(tokens) + 1)
        self._next = torch.zeros(len(nodes), len(tokens) + 1, dtype=torch.long)  # (S, A)
        self._bonus = torch.zeros(len(nodes), len(tokens) + 1)  # (S, A)
        held = [_held(nodes, number) for number in range(len(nodes))]
        for number in range(len(nodes)):
            self._bonus[number, 0] = -held[number]
            for token, column in columns.items():
                following = _follow(nodes, number, token)
                self._next[number, column] = following
                self._bonus[number, column] = held[following] - held[number] + nodes[following].finished

    def start(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Nothing matched yet: (U, 1)."""
        if self._column.device != encoded.device:
            self._column, self._next, self._bonus = (
                table.to(encoded.device) for table in (self._column, self._next, self._bonus)
            )
        return torch.zeros(len(encoded), 1, dtype=torch.long, device=encoded.device)

    def score(self, prefixes: Tensor, state: Tensor, candidates: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What each token earns.

        Shapes:
            state (U, K) -> (U, K, V)
        """
        return self._bonus[state].index_select(2, self._column), state

    def select(self, state: Tensor, parents: Tensor, tokens: Tensor) -> Tensor:
        """Follow the tokens.

        Shapes:
            state (U, K), parents (U, K'), tokens (U, K') -> (U, K')
        """
        return self._next[take_hypotheses(state, parents), self._column[tokens]]

    def keep(self, state: Tensor, utterances: Tensor) -> Tensor:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        return state.index_select(0, utterances)

    def join(self, states: Sequence[Tensor]) -> Tensor:
        """All hypotheses of several states."""
        return torch.cat(list(states), 1)


def _automaton(phrases: Sequence[Phrase]) -> list[_Node]:
    """The trie of all phrases, with fallbacks."""
    nodes = [_Node(0)]
    for tokens, boost in {tuple(phrase.tokens): phrase.boost for phrase in phrases}.items():
        number = 0
        for token in tokens:
            node = nodes[number]
            node.unfinished_boost = max(node.unfinished_boost, boost)
            if token not in node.children:
                node.children[token] = len(nodes)
                nodes.append(_Node(node.depth + 1))
            number = node.children[token]
        nodes[number].finished += boost * len(tokens)
    waiting = deque([0])  # breadth first: a fallback is shorter, so it is complete before it is needed
    while waiting:
        number = waiting.popleft()
        for token, child in nodes[number].children.items():
            nodes[child].fallback = _follow(nodes, nodes[number].fallback, token) if number else 0
            nodes[child].finished += nodes[nodes[child].fallback].finished
            waiting.append(child)
    return nodes


def _follow(nodes: Sequence[_Node], number: int, token: int) -> int:
    """The longest beginning of a phrase after one more token."""
    while number and token not in nodes[number].children:
        number = nodes[number].fallback
    return nodes[number].children.get(token, 0)


def _held(nodes: Sequence[_Node], number: int) -> float:
    """What the dearest unfinished phrase has earned: that of the node, or a shorter one that it ends in."""
    held = 0.0
    while number:
        held = max(held, nodes[number].unfinished_boost * nodes[number].depth)
        number = nodes[number].fallback
    return held

"""Beam search over continuations of given tokens."""

# Shapes: U utterances, K hypotheses of each, L tokens so far (sos first), P tokens of the longest prompt, V vocabulary
#         C candidates of a hypothesis
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.search.beam_search import BeamSearch
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.scorer import Scorer


class PromptedState(NamedTuple):
    """The state of the scorer within, and what each utterance begins with."""

    inner: Any
    prompts: Tensor  # (U, P)
    lengths: Tensor  # (U,)


class PromptedScorer(Scorer):
    """A scorer that reads the prompt but does not judge it: there all scores are 0.

    Utterances with prompts of different lengths so go through one search, with the prompts as encoder output.

    Args:
        scorer: Judges what follows the prompt.
        forbids: Whether it gives -inf to all but the prompt's next token. One full scorer of positive weight must.
    """

    def __init__(self, scorer: Scorer, forbids: bool = False):
        self.scorer = scorer
        self.forbids = forbids
        self.is_partial = scorer.is_partial

    def start(self, encoded: Tensor, lengths: Tensor) -> PromptedState:
        """The state before the prompt.

        Shapes:
            encoded (U, P) prompts, lengths (U,) theirs
        """
        return PromptedState(self.scorer.start(encoded, lengths), encoded, lengths)

    def score(
        self, prefixes: Tensor, state: PromptedState, candidates: Tensor | None = None
    ) -> tuple[Tensor, PromptedState]:
        """Behind the prompt the scorer's own scores.

        Shapes:
            prefixes (U, K, L), candidates (U, K, C) -> (U, K, V) or (U, K, C)
        """
        scores, inner = self.scorer.score(prefixes, state.inner, candidates)
        place = prefixes.size(2) - 1
        if place < state.prompts.size(1):
            in_prompt = torch.zeros_like(scores)
            if self.forbids:
                is_next = torch.arange(scores.size(2), device=scores.device) == state.prompts[:, place].view(-1, 1, 1)
                in_prompt = in_prompt.masked_fill(~is_next, -torch.inf)
            scores = torch.where((place < state.lengths).view(-1, 1, 1), in_prompt, scores)
        return scores, state._replace(inner=inner)

    def select(self, state: PromptedState, parents: Tensor, tokens: Tensor) -> PromptedState:
        """The survivors' states."""
        return state._replace(inner=self.scorer.select(state.inner, parents, tokens))

    def keep(self, state: PromptedState, utterances: Tensor) -> PromptedState:
        """The states of some utterances."""
        return PromptedState(
            self.scorer.keep(state.inner, utterances), state.prompts[utterances], state.lengths[utterances]
        )


class ContinuationSearch(BeamSearch):
    """A beam search whose scorers are ``PromptedScorer``s, one of which forbids other prompts."""

    @torch.no_grad()
    def continue_prompts(
        self, prompts: Sequence[Tensor], max_tokens: int, min_tokens: int = 0
    ) -> list[list[Hypothesis]]:
        """Search all utterances.

        Args:
            prompts: Token ids of each (L,), without sos.
            max_tokens: Most tokens that follow a prompt.
            min_tokens: Fewest, less than the most; hypotheses that end earlier are dropped.
        Returns:
            The hypotheses of each, best first, prompts included; the scores are those of what follows.
        """
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=prompts[0].device)
        longest = [len(prompt) + max_tokens for prompt in prompts]
        shortest = [len(prompt) + min_tokens for prompt in prompts]
        ended = self._search(
            pad_sequence(list(prompts), batch_first=True), lengths, longest, shortest, detect_end=False
        )
        return [hypotheses.ranked(self.normalize_length) for hypotheses in ended]

"""CTC's best transcripts, judged once more by the attention decoder and language models.

Zhang et al., "Unified Streaming and Non-streaming Two-pass End-to-end Model for Speech Recognition", 2020,
https://arxiv.org/abs/2012.05481

All transcripts of all utterances are judged in one pass of each model: no token waits for the one before.
"""
# Shapes: U utterances, N transcripts of each, L tokens of the longest, T frames, D model size
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.search.ctc_prefix import CTCHead
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from espnet2.search.hypothesis import Hypothesis, rank
from espnet2.search.scorer import Scorer, take_hypotheses

# (encoded (U, T, D), lengths (U,), transcripts (U, N, L), their tokens (U, N)) -> log-probabilities with eos (U, N)
TranscriptScorer = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class SecondPass:
    """Ranks transcripts by ``ctc_weight * ctc + (1 - ctc_weight) * decoder + lm_weight * lm + ...``.

    Args:
        scorers: What judges them, by name; where it has a name of the first pass, its score takes the other's place.
        weights: Weights by name; scores of the first pass that have none do not count.
        normalize_length: Rank the results by score per token.
    """

    def __init__(
        self, scorers: Mapping[str, TranscriptScorer], weights: Mapping[str, float], normalize_length: bool = False
    ):
        self.scorers = {name: scorer for name, scorer in scorers.items() if weights.get(name)}
        self.weights = weights
        self.normalize_length = normalize_length

    @torch.no_grad()
    def __call__(
        self, found: Sequence[Sequence[Hypothesis]], encoded: Tensor, lengths: Tensor
    ) -> list[list[Hypothesis]]:
        """Judge what the first pass has found for each utterance.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        transcripts, num_tokens = _stack(found, encoded.device)
        scores = {
            name: scorer(encoded, lengths, transcripts, num_tokens).tolist()
            for name, scorer in self.scorers.items()
        }
        judged = [
            [self._judged(hypothesis, scores, row, column) for column, hypothesis in enumerate(nbest)]
            for row, nbest in enumerate(found)
        ]
        return [rank(nbest, self.normalize_length) for nbest in judged]

    def _judged(self, hypothesis: Hypothesis, scores: Mapping[str, list], row: int, column: int) -> Hypothesis:
        every = {**hypothesis.scores, **{name: values[row][column] for name, values in scores.items()}}
        total = sum(self.weights.get(name, 0.0) * value for name, value in every.items())
        return replace(hypothesis, score=total, scores=every)


class RescoringSearch:
    """Find transcripts by CTC, and rank them by all models.

    Args:
        first_pass: What finds the transcripts; its weights are not used any further.
        second_pass: What judges them.
    """

    def __init__(self, first_pass: CTCPrefixBeamSearch, second_pass: SecondPass):
        self.first_pass = first_pass
        self.second_pass = second_pass
        names = (*first_pass.weights, *second_pass.scorers)
        self.weights = {name: second_pass.weights.get(name, 0.0) for name in names}

    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Search all utterances; see ``CTCPrefixBeamSearch``.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        return self.second_pass(self.first_pass(encoded, lengths, maxlenratio, minlenratio), encoded, lengths)


def ctc_scorer(ctc: CTCHead, blank: int = 0) -> TranscriptScorer:
    """Log-probabilities of transcripts by CTC: of all their paths, also those that a beam has lost."""

    def judge(encoded: Tensor, lengths: Tensor, transcripts: Tensor, num_tokens: Tensor) -> Tensor:
        every = ctc.log_softmax(encoded).double()
        return -torch.stack(
            [
                F.ctc_loss(
                    log_probs.unsqueeze(1).expand(-1, len(ids), -1), ids, length.expand(len(ids)), num, blank, "none"
                )
                for log_probs, length, ids, num in zip(every, lengths, transcripts, num_tokens)
            ]
        )

    return judge


def token_by_token(scorer: Scorer, sos: int, eos: int) -> TranscriptScorer:
    """Judge transcripts by a scorer that knows steps only, such as an n-gram model."""

    def judge(encoded: Tensor, lengths: Tensor, transcripts: Tensor, num_tokens: Tensor) -> Tensor:
        ids = F.pad(transcripts, (0, 1))
        ids.scatter_(2, num_tokens.unsqueeze(2), eos)  # (U, N, L + 1)
        prefixes = torch.full_like(ids[:, :1, :1], sos)
        state = scorer.start(encoded, lengths)
        parents = torch.zeros_like(num_tokens)
        total = torch.zeros(num_tokens.shape, dtype=torch.float64, device=ids.device)
        for step in range(ids.size(2)):
            token = ids[:, :, step]
            # the empty prefix is one hypothesis that all transcripts follow
            wanted = token.unsqueeze(2 if step else 1)
            scores, state = scorer.score(prefixes, state, wanted if scorer.is_partial else None)
            following = scores if scorer.is_partial else scores.gather(2, wanted)
            total += following.reshape(total.shape).masked_fill(step > num_tokens, 0.0)
            state = scorer.select(state, parents, token)
            prefixes = torch.cat([take_hypotheses(prefixes, parents), token.unsqueeze(2)], 2)
            parents = torch.arange(ids.size(1), device=ids.device).expand_as(num_tokens)
        return total

    return judge


def _stack(found: Sequence[Sequence[Hypothesis]], device: torch.device) -> tuple[Tensor, Tensor]:
    """The tokens of all transcripts, and how many; empty ones make the utterances equal: (U, N, L), (U, N)."""
    most = max(len(nbest) for nbest in found)
    rows: list[list[int]] = []
    for nbest in found:
        rows += [hypothesis.tokens for hypothesis in nbest] + [[]] * (most - len(nbest))
    num_tokens = torch.tensor([len(row) for row in rows], device=device).view(len(found), most)
    ids = pad_sequence([torch.tensor(row, dtype=torch.long, device=device) for row in rows], batch_first=True)
    return ids.view(len(found), most, -1), num_tokens

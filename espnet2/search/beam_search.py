"""Label-synchronous beam search over several utterances and all their hypotheses at once.

Hori, Watanabe, Hershey, "Joint CTC/attention decoding for end-to-end speech recognition", 2017, https://aclanthology.org/P17-1048

Each step asks the cheap scorers for the whole vocabulary, the dear ones for each hypothesis' best candidates, and keeps
the best ``beam_size`` extensions of each utterance. It is a handful of tensor operations, however many hypotheses there
are. An utterance that is done leaves the batch.
"""
# Shapes: U utterances, K hypotheses of each, L tokens so far (sos first), T frames, D model size, V vocabulary
#         C candidates of a hypothesis
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.search.hypothesis import EndedHypotheses, Hypothesis
from espnet2.search.scorer import Scorer, take_hypotheses


class Beam(NamedTuple):
    """The hypotheses that are being extended."""

    prefixes: Tensor  # (U, K, L)
    totals: Tensor  # (U, K)  weighted scores; -inf in the place of a hypothesis that has ended
    sums: dict[str, Tensor]  # (U, K)  each scorer's own sum
    states: dict[str, Any]

    def keep(self, utterances: Tensor, scorers: Mapping[str, Scorer]) -> "Beam":
        """Some of the utterances: utterances (U',) row numbers."""
        return Beam(
            self.prefixes.index_select(0, utterances),
            self.totals.index_select(0, utterances),
            {name: sums.index_select(0, utterances) for name, sums in self.sums.items()},
            {name: scorer.keep(self.states[name], utterances) for name, scorer in scorers.items()},
        )


class Choice(NamedTuple):
    """The best extensions of one step."""

    parents: Tensor  # (U, K')
    tokens: Tensor  # (U, K')
    totals: Tensor  # (U, K')
    sums: dict[str, Tensor]  # (U, K')
    prefixes: Tensor  # (U, K', L + 1)
    states: dict[str, Any]  # of the parents, their last tokens digested


class BeamSearch:
    """Find the best transcripts by the weighted sum of scorers.

    Args:
        scorers: Scorers by name.
        weights: Their weights; a scorer without weight, or of weight 0, takes no part.
        beam_size: Hypotheses kept of each utterance.
        vocab_size: V.
        sos: Id that each hypothesis begins with.
        eos: Id that each hypothesis ends with.
        use_pre_beam: Whether partial scorers see only the others' best candidates.
        pre_beam_ratio: How many candidates, in multiples of ``beam_size``.
        normalize_length: Rank the results by score per token.
    """

    def __init__(
        self,
        scorers: Mapping[str, Scorer],
        weights: Mapping[str, float],
        beam_size: int,
        vocab_size: int,
        sos: int,
        eos: int,
        use_pre_beam: bool = True,
        pre_beam_ratio: float = 1.5,
        normalize_length: bool = False,
    ):
        self.scorers = {name: scorer for name, scorer in scorers.items() if weights.get(name)}
        self.weights = {name: weights[name] for name in self.scorers}
        self.full_scorers = [name for name, scorer in self.scorers.items() if not scorer.is_partial]
        self.partial_scorers = [name for name, scorer in self.scorers.items() if scorer.is_partial]
        self.beam_size = beam_size
        self.vocab_size = vocab_size
        self.sos = sos
        self.eos = eos
        self.normalize_length = normalize_length
        self.pre_beam_size = int(pre_beam_ratio * beam_size)
        self.use_pre_beam = bool(
            use_pre_beam and self.full_scorers and self.partial_scorers and self.pre_beam_size < vocab_size
        )

    @torch.no_grad()
    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Search all utterances.

        Args:
            encoded: Encoder output.
            lengths: Its frames.
            maxlenratio: Most tokens as a part of the frames; 0: as many as frames, with end detection; -n: n tokens.
            minlenratio: Fewest tokens as a part of the frames; -n: n tokens. Lowered by steps of 0.1 until something
                has ended.

        Returns:
            The complete hypotheses of each utterance, best first; none if no hypothesis ended.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        frames = lengths.tolist()
        longest = [max_tokens(num_frames, maxlenratio) for num_frames in frames]
        shortest = [min_tokens(num_frames, minlenratio) for num_frames in frames]
        ended = self._search(encoded, lengths, longest, shortest, detect_end=maxlenratio == 0)
        results = [hypotheses.ranked(self.normalize_length) for hypotheses in ended]
        empty = [row for row, nbest in enumerate(results) if not nbest]
        if empty and minlenratio >= 0.1:
            again = self(encoded[empty], lengths[empty], maxlenratio, max(0.0, minlenratio - 0.1))
            for row, nbest in zip(empty, again):
                results[row] = nbest
        return results

    def _search(
        self, encoded: Tensor, lengths: Tensor, longest: Sequence[int], shortest: Sequence[int], detect_end: bool
    ) -> list[EndedHypotheses]:
        """One pass over all utterances with their limits in tokens."""
        ended = [EndedHypotheses() for _ in longest]
        running = list(range(len(longest)))  # which utterance each row of the beam is
        beam = self.start(encoded, lengths)
        for step in range(max(longest)):
            choice = self.choose(beam)
            is_end = choice.tokens == self.eos
            is_last = [step == longest[utterance] - 1 for utterance in running]
            if any(is_last):
                is_end |= torch.tensor(is_last, device=is_end.device).unsqueeze(1)
            is_end &= choice.totals > -torch.inf
            for row, column in is_end.nonzero().tolist():
                if step >= shortest[running[row]]:
                    ended[running[row]].add(self.complete(choice, row, column, is_last[row]))
            totals = choice.totals.masked_fill(is_end, -torch.inf)
            has_more = (totals > -torch.inf).any(1).tolist()
            stays = [
                row
                for row, utterance in enumerate(running)
                if has_more[row] and not is_last[row] and not (detect_end and ended[utterance].is_over(step))
            ]
            if not stays:
                break
            beam = self.follow(choice, totals)
            if len(stays) < len(running):
                running = [running[row] for row in stays]
                beam = beam.keep(torch.tensor(stays, device=encoded.device), self.scorers)
        return ended

    def start(self, encoded: Tensor, lengths: Tensor) -> Beam:
        """The empty hypothesis of each utterance.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        totals = torch.zeros(len(encoded), 1, device=encoded.device)
        return Beam(
            prefixes=torch.full((len(encoded), 1, 1), self.sos, device=encoded.device),
            totals=totals,
            sums=dict.fromkeys(self.scorers, totals),
            states={name: scorer.start(encoded, lengths) for name, scorer in self.scorers.items()},
        )

    def choose(self, beam: Beam) -> Choice:
        """Score all extensions and choose the best of each utterance."""
        scores: dict[str, Tensor] = {}
        states: dict[str, Any] = {}

        def ask(names: Sequence[str], candidates: Tensor | None, weighted: Tensor | None) -> Any:
            for name in names:
                answer = self.scorers[name].score(beam.prefixes, beam.states[name], candidates)
                scores[name], states[name] = answer
                mine = scores[name] * self.weights[name]
                weighted = mine if weighted is None else weighted + mine
            return weighted

        weighted = ask(self.full_scorers, None, None)
        candidates = None
        if self.use_pre_beam:
            candidates, is_double = self._candidates(weighted)
            weighted = weighted.gather(2, candidates)
            weighted[:, :, -1].masked_fill_(is_double, -torch.inf)
        weighted = ask(self.partial_scorers, candidates, weighted)  # (U, K, C) or (U, K, V)

        width = weighted.size(2)
        extended = (beam.totals.unsqueeze(2) + weighted).flatten(1)
        totals, flat = extended.topk(min(self.beam_size, extended.size(1)), 1)
        parents = flat.div(width, rounding_mode="floor")
        tokens = flat % width if candidates is None else candidates.flatten(1).gather(1, flat)
        in_vocabulary = parents * self.vocab_size + tokens
        sums = {}
        for name, score in scores.items():
            index = in_vocabulary if name in self.full_scorers else flat
            sums[name] = beam.sums[name].gather(1, parents) + score.flatten(1).gather(1, index)
        prefixes = torch.cat([take_hypotheses(beam.prefixes, parents), tokens.unsqueeze(2)], 2)
        return Choice(parents, tokens, totals, sums, prefixes, states)

    def _candidates(self, weighted: Tensor) -> tuple[Tensor, Tensor]:
        """The best tokens of each hypothesis and, last, eos; and whether eos stands there twice: (U, K, C), (U, K)."""
        best = weighted.topk(self.pre_beam_size, 2, sorted=False).indices
        eos = best.new_full((*best.shape[:2], 1), self.eos)
        return torch.cat([best, eos], 2), (best == self.eos).any(2)

    def follow(self, choice: Choice, totals: Tensor) -> Beam:
        """The chosen extensions as hypotheses.

        Args:
            choice: What ``choose`` gave.
            totals: Its totals, with -inf in the place of those that have ended.
        """
        states = {
            name: scorer.select(choice.states[name], choice.parents, choice.tokens)
            for name, scorer in self.scorers.items()
        }
        return Beam(choice.prefixes, totals, choice.sums, states)

    def complete(self, choice: Choice, row: int, column: int, add_eos: bool = False) -> Hypothesis:
        """A chosen extension with its scores; at the length limit eos is added, unscored, even to one that has it."""
        prefix = choice.prefixes[row, column]
        yseq = torch.cat([prefix, prefix.new_tensor([self.eos])]) if add_eos else prefix
        scores = {name: float(sums[row, column]) for name, sums in choice.sums.items()}
        return Hypothesis(yseq, float(choice.totals[row, column]), scores)


def max_tokens(num_frames: int, maxlenratio: float) -> int:
    """Most tokens of an utterance: all frames (0), a part of them, or -n for n tokens."""
    if maxlenratio == 0:
        return num_frames
    return -int(maxlenratio) if maxlenratio < 0 else max(1, int(maxlenratio * num_frames))


def min_tokens(num_frames: int, minlenratio: float) -> int:
    """Fewest tokens of an utterance: a part of the frames, or -n for n tokens."""
    return -int(minlenratio) if minlenratio < 0 else int(minlenratio * num_frames)

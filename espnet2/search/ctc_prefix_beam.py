"""Beam search over CTC's frames, with language models and biasing.

Hannun, Maas, Jurafsky, Ng, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs", 2014, https://arxiv.org/abs/1408.2873, algorithm 1

A prefix is ranked by the log-probability of all its CTC paths up to the present frame and by what scorers say of its
tokens. After the last frame its total is the same sum as in the label-synchronous search: with a beam that keeps
everything, both find the same. All prefixes of all utterances are extended by a handful of tensor operations a frame;
scorers are asked once for each prefix that enters the beam.
"""
# Shapes: U utterances, K prefixes of each, L tokens of the longest (sos first), C candidates of a frame, T frames
#         D model size, V vocabulary
from collections.abc import Collection, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.search.beam_search import max_tokens, min_tokens
from espnet2.search.ctc_paths import NEVER, Paths, choose, grow, start_paths
from espnet2.search.ctc_prefix import CTCHead
from espnet2.search.hypothesis import Hypothesis, rank
from espnet2.search.prefix_scores import PrefixScores
from espnet2.search.scorer import Scorer, take_hypotheses

Scores = dict[str, PrefixScores]


class FrameBeam(NamedTuple):
    """The prefixes after some frames."""

    paths: Paths
    prefixes: Tensor  # (U, K, L)  sos first; after the end whatever
    lengths: Tensor  # (U, K)  tokens without sos
    sums: dict[str, Tensor]  # (U, K)  each scorer's own sum
    following: dict[str, Tensor]  # (U, K, V)  its scores of the next token
    places: dict[str, Tensor]  # (U, K, 2)  where its states are


class CTCPrefixBeamSearch:
    """Find the best transcripts frame after frame.

    Args:
        ctc: The CTC head.
        scorers: Scorers of tokens, by name; whatever is among them, CTC is not.
        weights: Weights by name, ``ctc`` among them; a scorer without weight, or of weight 0, takes no part.
        beam_size: Prefixes kept of each utterance.
        sos: Id that each hypothesis begins with.
        eos: Id that each hypothesis ends with.
        blank: Id of blank.
        pre_beam_ratio: How many of a frame's likeliest tokens prefixes may grow by, in multiples of ``beam_size``.
        normalize_length: Rank the results by score per token.
        judges_of_end: The scorers that judge the end of a transcript, too; all when None.
    """

    def __init__(
        self,
        ctc: CTCHead,
        scorers: Mapping[str, Scorer],
        weights: Mapping[str, float],
        beam_size: int,
        sos: int,
        eos: int,
        blank: int = 0,
        pre_beam_ratio: float = 1.5,
        normalize_length: bool = False,
        judges_of_end: Collection[str] | None = None,
    ):
        self.ctc = ctc
        self.scorers = {name: scorer for name, scorer in scorers.items() if weights.get(name)}
        self.weights = {name: weights[name] for name in ("ctc", *self.scorers)}
        self.beam_size = beam_size
        self.sos = sos
        self.eos = eos
        self.blank = blank
        self.num_candidates = max(1, int(pre_beam_ratio * beam_size))
        self.normalize_length = normalize_length
        self.judges_of_end = [name for name in self.scorers if judges_of_end is None or name in judges_of_end]

    @torch.no_grad()
    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Search all utterances.

        Args:
            encoded: Encoder output.
            lengths: Its frames.
            maxlenratio: Most tokens as a part of the frames; 0: as many as frames; -n: n tokens.
            minlenratio: Fewest tokens as a part of the frames; -n: n tokens. Without effect on an utterance that has no
                longer hypothesis.

        Returns:
            The hypotheses of each utterance, best first.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        frames = lengths.tolist()
        longest = torch.tensor([[max_tokens(length, maxlenratio)] for length in frames], device=encoded.device)
        beam = self.hear(*self.start(encoded, lengths), encoded, lengths, longest)
        return [
            self.results(beam, row, True, min_tokens(num_frames, minlenratio)) for row, num_frames in enumerate(frames)
        ]

    def hear(
        self, beam: FrameBeam, scores: Scores, encoded: Tensor, lengths: Tensor, longest: Tensor
    ) -> FrameBeam:
        """Go some frames further.

        Args:
            beam: The prefixes before.
            scores: What the scorers say of them; it goes along with the beam.
            encoded: The frames.
            lengths: How many there are of each utterance.
            longest: Most tokens of each.

        Shapes:
            encoded (U, T, D), lengths (U,), longest (U, 1)
        """
        log_probs = self._log_probs(encoded, lengths)
        candidates = self._candidates(log_probs)
        for frame in range(log_probs.size(1)):
            beam = self._step(beam, log_probs[:, frame], candidates[:, frame], longest, scores)
        return beam

    def results(self, beam: FrameBeam, row: int, has_ended: bool, shortest: int = 0) -> list[Hypothesis]:
        """The prefixes of an utterance as hypotheses, best first.

        Args:
            beam: The prefixes.
            row: Which utterance.
            has_ended: Whether the scorers are asked about the end, too.
            shortest: Fewest tokens, if there are hypotheses of so many.
        """
        nbest = self._hypotheses(beam, row, self.judges_of_end if has_ended else ())
        long_enough = [hypothesis for hypothesis in nbest if len(hypothesis.tokens) >= shortest]
        return rank(long_enough or nbest, self.normalize_length)

    def _log_probs(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """In double precision, and nothing but blank after the end of an utterance: (U, T, V)."""
        log_probs = self.ctc.log_softmax(encoded).double()
        padding = make_pad_mask(lengths.to(encoded.device), encoded.size(1))
        log_probs = log_probs.masked_fill(padding.unsqueeze(2), NEVER)
        log_probs[:, :, self.blank].masked_fill_(padding, 0.0)
        return log_probs

    def _candidates(self, log_probs: Tensor) -> Tensor:
        """The likeliest tokens of each frame, blank, sos and eos left out: (U, T, V) -> (U, T, C)."""
        is_token = torch.ones(log_probs.size(2), dtype=torch.bool, device=log_probs.device)
        is_token[[self.blank, self.sos, self.eos]] = False
        ids = is_token.nonzero().squeeze(1)
        best = log_probs[:, :, ids].topk(min(self.num_candidates, len(ids)), 2).indices
        return ids[best]

    def start(self, encoded: Tensor, lengths: Tensor) -> tuple[FrameBeam, Scores]:
        """The empty prefix of each utterance, and what the scorers say of it.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        scores = {name: PrefixScores(scorer, self.sos) for name, scorer in self.scorers.items()}
        started = {name: score.start(encoded, lengths) for name, score in scores.items()}
        num_utterances = len(encoded)
        first = torch.full((num_utterances, 1, 1), self.sos, device=encoded.device)
        zeros = torch.zeros(num_utterances, 1, dtype=torch.float64, device=encoded.device)
        beam = FrameBeam(
            paths=start_paths(num_utterances, self.blank, zeros),
            prefixes=first,
            lengths=torch.zeros_like(first[:, :, 0]),
            sums=dict.fromkeys(self.scorers, zeros),
            following={name: values.unsqueeze(1) for name, (_, values) in started.items()},
            places={name: places.unsqueeze(1) for name, (places, _) in started.items()},
        )
        return beam, scores

    def _step(
        self, beam: FrameBeam, log_probs: Tensor, candidates: Tensor, longest: Tensor, scores: Scores
    ) -> FrameBeam:
        """One frame: log_probs (U, V), candidates (U, C), longest (U, 1)."""
        growth = grow(beam.paths, log_probs, candidates, self.blank)
        ranks = self._ranks(beam, growth.totals, candidates, longest)
        best, chosen = ranks.topk(min(self.beam_size, ranks.size(1)), 1)
        paths, origins, tokens = choose(beam.paths, growth, chosen)
        is_new = (tokens >= 0) & (best > NEVER)
        lengths = beam.lengths.gather(1, origins)
        prefixes = take_hypotheses(beam.prefixes, origins)
        if bool(is_new.any()):
            prefixes = _append(prefixes, lengths, tokens, is_new)
        parents = beam._replace(
            paths=paths,
            prefixes=prefixes,
            lengths=lengths + is_new,
            sums={name: sums.gather(1, origins) for name, sums in beam.sums.items()},
            following={name: take_hypotheses(values, origins) for name, values in beam.following.items()},
            places={name: take_hypotheses(places, origins) for name, places in beam.places.items()},
        )
        return self._score_new(parents, is_new, tokens, scores) if self.scorers else parents

    def _ranks(self, beam: FrameBeam, totals: Tensor, candidates: Tensor, longest: Tensor) -> Tensor:
        """Weighted scores of what stays and of all kids: totals (U, K + K * C) -> (U, K + K * C)."""
        num_prefixes = beam.lengths.size(1)
        stays = self.weights["ctc"] * totals[:, :num_prefixes]
        kids = self.weights["ctc"] * totals[:, num_prefixes:].unflatten(1, (num_prefixes, -1))  # (U, K, C)
        columns = candidates.unsqueeze(1).expand_as(kids)
        for name in self.scorers:
            weighted = self.weights[name] * beam.sums[name]
            stays = stays + weighted
            kids = kids + weighted.unsqueeze(2) + self.weights[name] * beam.following[name].gather(2, columns)
        is_full = (beam.lengths >= longest).unsqueeze(2)
        return torch.cat([stays, kids.masked_fill(is_full, NEVER).flatten(1)], 1)

    def _score_new(self, beam: FrameBeam, is_new: Tensor, tokens: Tensor, scores: Scores) -> FrameBeam:
        """Ask the scorers what follows the new prefixes, whose sums and scores are still their parents'."""
        if not bool(is_new.any()):
            return beam
        grown_by = tokens.clamp_min(0).unsqueeze(2)
        for name, sums in beam.sums.items():
            sums += beam.following[name].gather(2, grown_by).squeeze(2).masked_fill(~is_new, 0.0)
        utterances = is_new.nonzero()[:, 0]
        for name, score in scores.items():
            places = beam.places[name]
            places[is_new], beam.following[name][is_new] = score.extend(utterances, places[is_new], tokens[is_new])
            score.forget_all_but(places)
        return beam

    def _hypotheses(self, beam: FrameBeam, row: int, judges_of_end: Collection[str]) -> list[Hypothesis]:
        """The prefixes of an utterance with their scores."""
        sums = {"ctc": beam.paths.total[row], **{name: values[row] for name, values in beam.sums.items()}}
        sums |= {name: sums[name] + beam.following[name][row, :, self.eos] for name in judges_of_end}
        totals = sum(self.weights[name] * values for name, values in sums.items())
        found = []
        for column, total in enumerate(torch.as_tensor(totals).tolist()):
            if total > NEVER:
                yseq = beam.prefixes[row, column, : int(beam.lengths[row, column]) + 1]
                ended = torch.cat([yseq, yseq.new_tensor([self.eos])])
                found.append(Hypothesis(ended, total, {name: float(values[column]) for name, values in sums.items()}))
        return found


def _append(prefixes: Tensor, lengths: Tensor, tokens: Tensor, is_new: Tensor) -> Tensor:
    """Write the new tokens behind the prefixes: (U, K, L), (U, K), (U, K), (U, K) -> (U, K, L or L + 1)."""
    column = lengths + 1
    if int(column[is_new].max()) == prefixes.size(2):
        prefixes = torch.nn.functional.pad(prefixes, (0, 1))
    column = column.clamp_max(prefixes.size(2) - 1).unsqueeze(2)
    values = torch.where(is_new.unsqueeze(2), tokens.unsqueeze(2), prefixes.gather(2, column))
    return prefixes.scatter(2, column, values)

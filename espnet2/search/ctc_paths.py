"""The prefixes that frame-wise CTC paths spell, grown by one frame after another.

Hannun, Maas, Jurafsky, Ng, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs", 2014, https://arxiv.org/abs/1408.2873, algorithm 1

Every prefix has two log-probabilities: of its paths that end in blank, and of those that end in its last token. In a
frame it either stays, or grows by a candidate into a kid. A kid that is itself a prefix of the beam gives its paths to
that one. A kid that was seen in the last frame but not kept is remembered for one frame, so that its paths are not lost
if it comes back (the case ``l+ not in A_prev`` of the paper).
"""
# Shapes: U utterances, K prefixes of each, K' chosen ones, C candidates of a frame, V vocabulary
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.search.scorer import take_hypotheses

NEVER = -torch.inf
MULTIPLIER = 6364136223846793005  # of a linear congruential generator (Knuth, MMIX)


class Kids(NamedTuple):
    """Prefixes that are longer than one of the beam by a candidate of the last frame."""

    tokens: Tensor  # (U, C)     the candidates
    ends_in_blank: Tensor  # (U, K, C)
    ends_in_token: Tensor  # (U, K, C)


class Paths(NamedTuple):
    """Log-probabilities of all paths so far, by the prefix that they spell."""

    ends_in_blank: Tensor  # (U, K)
    ends_in_token: Tensor  # (U, K)
    last: Tensor  # (U, K)  last token; blank before the first
    name: Tensor  # (U, K)  fingerprint of the prefix: equal prefixes have equal ones
    parent: Tensor  # (U, K)  fingerprint of the prefix without its last token
    kids: Kids  # those that were seen in the last frame and not kept

    @property
    def total(self) -> Tensor:
        """Log-probability of each prefix: (U, K)."""
        return torch.logaddexp(self.ends_in_blank, self.ends_in_token)


class Growth(NamedTuple):
    """What may become of the prefixes in a frame."""

    ends_in_blank: Tensor  # (U, K)  of those that stay
    ends_in_token: Tensor  # (U, K)
    kids: Kids
    place: Tensor  # (U, K)  the number of a prefix among all kids, K * C if it is none

    @property
    def totals(self) -> Tensor:
        """Log-probabilities of those that stay and, after them, of all kids: (U, K + K * C)."""
        blanks = torch.cat([self.ends_in_blank, self.kids.ends_in_blank.flatten(1)], 1)
        tokens = torch.cat([self.ends_in_token, self.kids.ends_in_token.flatten(1)], 1)
        return torch.logaddexp(blanks, tokens)


def start_paths(num_utterances: int, blank: int, like: Tensor) -> Paths:
    """The empty prefix of each utterance, before the first frame."""
    zeros = like.new_zeros(num_utterances, 1)
    names = torch.ones(num_utterances, 1, dtype=torch.long, device=like.device)
    none = like.new_empty(num_utterances, 1, 0)
    kids = Kids(names.new_empty(num_utterances, 0), none, none)
    return Paths(zeros, zeros + NEVER, torch.full_like(names, blank), names, torch.zeros_like(names), kids)


def grow(paths: Paths, log_probs: Tensor, candidates: Tensor, blank: int) -> Growth:
    """Take one frame.

    Args:
        paths: Those up to the frame before.
        log_probs: Of the frame.
        candidates: Tokens that prefixes may grow by; neither blank nor one twice.
        blank: Id of blank.

    Shapes:
        log_probs (U, V), candidates (U, C)
    """
    num_kids = paths.last.size(1) * candidates.size(1)
    total = paths.total
    blank_log_prob = log_probs[:, blank : blank + 1]  # (U, 1)
    last_log_prob = log_probs.gather(1, paths.last)  # (U, K)

    # the paths of the parents, where those are in the beam: (U, K, K), with the children first
    is_parent = (paths.parent.unsqueeze(2) == paths.name.unsqueeze(1)) & (total > NEVER).unsqueeze(1)
    has_parent = is_parent.any(2) & (total > NEVER)
    parent = is_parent.byte().argmax(2)
    repeats = paths.last.gather(1, parent) == paths.last
    inflow = torch.where(repeats, paths.ends_in_blank.gather(1, parent), total.gather(1, parent)) + last_log_prob
    inflow = inflow.masked_fill(~has_parent, NEVER)

    repeats = candidates.unsqueeze(1) == paths.last.unsqueeze(2)  # (U, K, C)
    ready = torch.where(repeats, paths.ends_in_blank.unsqueeze(2), total.unsqueeze(2))
    before_blank, before_token = _remembered(paths.kids, candidates)
    of_candidate = log_probs.gather(1, candidates).unsqueeze(1)  # (U, 1, C)
    kid_blank = torch.logaddexp(before_blank, before_token) + blank_log_prob.unsqueeze(2)
    kid_token = torch.logaddexp(ready, before_token) + of_candidate

    column = _columns(candidates, log_probs.size(1)).gather(1, paths.last)
    place = torch.where(has_parent & (column >= 0), parent * candidates.size(1) + column, num_kids)
    is_in_beam = _mark(place, num_kids).view_as(kid_token)
    return Growth(
        ends_in_blank=total + blank_log_prob,
        ends_in_token=torch.logaddexp(paths.ends_in_token + last_log_prob, inflow),
        kids=Kids(candidates, kid_blank.masked_fill_(is_in_beam, NEVER), kid_token.masked_fill_(is_in_beam, NEVER)),
        place=place,
    )


def choose(paths: Paths, growth: Growth, chosen: Tensor) -> tuple[Paths, Tensor, Tensor]:
    """Keep some prefixes.

    Args:
        paths: As given to ``grow``.
        growth: What ``grow`` gave.
        chosen: Numbers of those that stay (below K) and of kids (from K).

    Returns:
        The paths; what each prefix comes from; the token that it grew by, or -1 if it stays.

    Shapes:
        chosen (U, K') -> paths, (U, K'), (U, K')
    """
    num_prefixes, num_candidates = growth.ends_in_blank.size(1), growth.kids.tokens.size(1)
    is_kid = chosen >= num_prefixes
    kid = (chosen - num_prefixes).clamp_min(0)
    origin = torch.where(is_kid, kid // max(num_candidates, 1), chosen)
    token = growth.kids.tokens.gather(1, kid % max(num_candidates, 1)) if num_candidates else torch.zeros_like(chosen)
    name = paths.name.gather(1, origin)
    forgotten = is_kid.unsqueeze(2)
    is_chosen = _mark(chosen, num_prefixes * (1 + num_candidates))
    place = growth.place.masked_fill(is_chosen[:, :num_prefixes], num_prefixes * num_candidates)

    def rest(kids: Tensor, stays: Tensor) -> Tensor:
        """Kids that were not chosen, and with them the prefixes that were not and have their parent in the beam."""
        kids = kids.masked_fill(is_chosen[:, num_prefixes:].view_as(kids), NEVER)
        flat = torch.nn.functional.pad(kids.flatten(1), (0, 1)).scatter(1, place, stays)[:, :-1]
        return take_hypotheses(flat.view_as(kids), origin).masked_fill(forgotten, NEVER)

    def of_chosen(stays: Tensor, kids: Tensor) -> Tensor:
        return torch.cat([stays, kids.flatten(1)], 1).gather(1, chosen)

    kept = Paths(
        ends_in_blank=of_chosen(growth.ends_in_blank, growth.kids.ends_in_blank),
        ends_in_token=of_chosen(growth.ends_in_token, growth.kids.ends_in_token),
        last=torch.where(is_kid, token, paths.last.gather(1, origin)),
        name=torch.where(is_kid, _longer_name(name, token), name),
        parent=torch.where(is_kid, name, paths.parent.gather(1, origin)),
        kids=Kids(
            growth.kids.tokens,
            rest(growth.kids.ends_in_blank, growth.ends_in_blank),
            rest(growth.kids.ends_in_token, growth.ends_in_token),
        ),
    )
    return kept, origin, token.masked_fill(~is_kid, -1)


def _remembered(kids: Kids, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """The last frame's kids in the order of this frame's candidates: (U, K, C), (U, K, C)."""
    num_prefixes = kids.ends_in_blank.size(1)
    shape = (len(candidates), num_prefixes, candidates.size(1))
    if kids.tokens.size(1) == 0:
        nothing = kids.ends_in_blank.new_full(shape, NEVER)
        return nothing, nothing
    is_same = kids.tokens.unsqueeze(1) == candidates.unsqueeze(2)  # (U, C, C before)
    column = is_same.byte().argmax(2).unsqueeze(1).expand(shape)
    is_new = ~is_same.any(2).unsqueeze(1)
    return (
        kids.ends_in_blank.gather(2, column).masked_fill(is_new, NEVER),
        kids.ends_in_token.gather(2, column).masked_fill(is_new, NEVER),
    )


def _columns(candidates: Tensor, vocab_size: int) -> Tensor:
    """For each token its column among the candidates, or -1: (U, C) -> (U, V)."""
    columns = torch.full((len(candidates), vocab_size), -1, device=candidates.device)
    numbers = torch.arange(candidates.size(1), device=candidates.device)
    return columns.scatter_(1, candidates, numbers.expand_as(candidates))


def _mark(numbers: Tensor, size: int) -> Tensor:
    """Whether a number is among those given, which may be ``size`` to mean none: (U, N) -> (U, size) bool."""
    marks = torch.zeros(len(numbers), size + 1, dtype=torch.bool, device=numbers.device)
    return marks.scatter_(1, numbers, True)[:, :-1]


def _longer_name(name: Tensor, token: Tensor) -> Tensor:
    """The fingerprint of a prefix that grew by a token; 64 bits, so that two prefixes never share one in practice."""
    mixed = (name + token + 1) * MULTIPLIER
    return mixed ^ (mixed >> 29)

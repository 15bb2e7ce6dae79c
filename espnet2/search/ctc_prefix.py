"""CTC prefix scores: how likely is it that the transcript begins with these tokens?

Watanabe, Hori, Kim, Hershey, Hayashi, "Hybrid CTC/Attention Architecture for End-to-End Speech Recognition", 2017,
algorithm 2, https://www.merl.com/publications/docs/TR2017-190.pdf

With ``x_t(c)`` the log-probability of token c in frame t and ``ready_t`` that of having finished the prefix g before
frame t, a token c that follows g has the prefix probability::

    psi(g c) = logsumexp_t (ready_t + x_t(c))
    psi(g eos) = ready_T

That is a sum over frames without any recursion: one matrix product for all candidates.

Only the survivors of a step need their forward variables, r^n (ending in c) and r^b (ending in blank). Both are linear
recurrences::

    r^n_t = logaddexp(r^n_{t-1}, ready_t) + x_t(c)
    r^b_t = logaddexp(r^n_{t-1}, r^b_{t-1}) + x_t(blank)

so with X the cumulative sum of x(c) and B that of x(blank) they have closed forms (in double precision, for X grows
with T)::

    r^n_t = X_t + logcumsumexp_{s<=t} (ready_s - X_{s-1})
    E_t = logcumsumexp_{s<=t} (r^n_s - B_s),    r^b_t = B_t + E_{t-1},    logaddexp(r^n_t, r^b_t) = B_t + E_t

and the last one is the next ``ready_{t+1}``. A token that repeats the prefix's last one must wait for a blank: there
``ready`` is r^b alone.
"""
# Shapes: U utterances, K hypotheses of each, K' survivors, L tokens so far (sos first), T frames, D model size
#         V vocabulary, C candidates of a hypothesis
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.growing_tensor import GrowingTensor
from espnet2.layers.mask import make_pad_mask
from espnet2.search.log_cumsum import LOGZERO, exp_, log_, log_cumsum_exp, log_sum_exp
from espnet2.search.scorer import Scorer, rows_of

# The least log-probability with which a token or blank lasts for a frame: ``log_cumsum_exp`` can follow no steeper fall.
LEAST = -80.0
# A matrix product over the whole vocabulary is cheaper than picking the candidates' rows up to about this many times C.
DENSE_RATIO = 8


class CTCHead(Protocol):
    """What gives frame-wise log-probabilities."""

    def log_softmax(self, hs_pad: Tensor) -> Tensor:
        """encoded (U, T, D) -> (U, T, V)"""


class CTCPrefixState(NamedTuple):
    """Forward variables of the prefixes, in double precision."""

    probs: Tensor  # (U, V, T)      frame-wise probabilities; after the end of an utterance only blank
    blank_sums: Tensor  # (U, 1, T)      B, the cumulative log-probability of blank
    ready: Tensor  # (U, K, 2, T + 1)  prefix finished before frame t; the same, and its last frame was blank
    psi: Tensor  # (U, K)         log-probability of the prefix
    last: Tensor  # (U, K)         its last token
    last_probs: Tensor  # (U, K, T)      the frame-wise probabilities of that
    growing: GrowingTensor | None = None  # what ``probs`` is a view of, if it has grown


class CTCPrefixScorer(Scorer):
    """Scores ``psi(prefix + token) - psi(prefix)``, so that the sum over a hypothesis is its CTC log-probability.

    Args:
        ctc: The CTC head.
        eos: Id of eos.
        blank: Id of blank.
    """

    is_partial = True

    def __init__(self, ctc: CTCHead, eos: int, blank: int = 0):
        self.ctc = ctc
        self.eos = eos
        self.blank = blank

    def start(self, encoded: Tensor, lengths: Tensor) -> CTCPrefixState:
        """Frame-wise probabilities, and the empty prefix.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        log_probs = self._log_probs(encoded)
        padding = make_pad_mask(lengths.to(encoded.device), encoded.size(1)).unsqueeze(2)
        log_probs.masked_fill_(padding, LOGZERO)
        log_probs[:, :, self.blank].masked_fill_(padding.squeeze(2), 0.0)
        blank_sums = self._blank_sums(log_probs)
        probs = log_probs.exp_().transpose(1, 2).contiguous()
        ready = F.pad(blank_sums, (1, 0))  # the empty prefix is finished before the first frame
        return CTCPrefixState(
            probs=probs,
            blank_sums=blank_sums,
            ready=torch.stack([ready, ready], 2),
            psi=blank_sums.new_zeros(len(encoded), 1),
            last=torch.full((len(encoded), 1), self.blank, device=encoded.device),
            last_probs=probs[:, self.blank].unsqueeze(1),
        )

    def _log_probs(self, encoded: Tensor) -> Tensor:
        """Of each frame: encoded (U, T, D) -> (U, T, V)."""
        return self.ctc.log_softmax(encoded).to(torch.float64, copy=True)

    def _blank_sums(self, log_probs: Tensor) -> Tensor:
        """Shapes: log_probs (U, T, V) -> (U, 1, T)."""
        return log_probs[:, None, :, self.blank].clamp_min(LEAST).cumsum(2)

    def extend(self, state: CTCPrefixState, encoded: Tensor, max_frames: int | None = None) -> CTCPrefixState:
        """Carry the forward variables on, as if the new frames held nothing but blank after a prefix.

        That is how trained models have been evaluated: paths whose last token lasts into the new frames, or comes in
        them, are not counted for this prefix. (A block's last token is given up before the next block, so there are few.)

        Shapes:
            encoded (U, s, D)
        """
        log_probs = self._log_probs(encoded)
        sums = self._blank_sums(log_probs)  # (U, 1, s)
        waiting = state.ready[:, :, 1:, -1:] + sums.unsqueeze(2)  # (U, K, 1, s)
        growing = (state.growing or GrowingTensor(state.probs, 2)).append(log_probs.exp_().transpose(1, 2))
        growing = growing if max_frames is None else growing.last(max_frames)
        num_frames = len(growing)
        return state._replace(
            probs=growing.values,
            blank_sums=torch.cat([state.blank_sums, state.blank_sums[:, :, -1:] + sums], 2)[:, :, -num_frames:],
            ready=torch.cat([state.ready, waiting.expand(-1, -1, 2, -1)], 3)[..., -num_frames - 1 :],
            last_probs=_frame_probs(growing.values, state.last),
            growing=growing,
        )

    def score(
        self, prefixes: Tensor, state: CTCPrefixState, candidates: Tensor | None = None
    ) -> tuple[Tensor, CTCPrefixState]:
        """Prefix log-probabilities of the candidates, relative to the prefixes'.

        Shapes:
            prefixes (U, K, L), candidates (U, K, C) -> (U, K, C), or (U, K, V) without candidates
        """
        vocab_size = state.probs.size(1)
        ready = state.ready[..., :-1]
        top = ready.amax(3, keepdim=True)
        weights = exp_(ready - top)  # (U, K, 2, T)
        top = top.squeeze(3)  # (U, K, 2)
        repeated = log_((weights[:, :, 1] * state.last_probs).sum(2, keepdim=True)).add_(top[:, :, 1:])  # (U, K, 1)
        end = state.ready[:, :, 0, -1:]
        last = state.last.unsqueeze(2)
        if candidates is None or vocab_size <= DENSE_RATIO * candidates.size(2):
            psi = log_(weights[:, :, 0] @ state.probs.transpose(1, 2)).add_(top[:, :, :1])  # (U, K, V)
            psi.scatter_(2, last, repeated)
            psi[:, :, self.eos] = end.squeeze(2)
            psi[:, :, self.blank] = LOGZERO
            psi = psi if candidates is None else psi.gather(2, candidates)
        else:
            probs = _frame_probs(state.probs, candidates.flatten(1)).view(-1, candidates.size(2), ready.size(3))
            sums = torch.bmm(probs, weights[:, :, 0].flatten(0, 1).unsqueeze(2)).view(candidates.shape)
            psi = torch.where(candidates == last, repeated, log_(sums).add_(top[:, :, :1]))
            psi = torch.where(candidates == self.eos, end, psi).masked_fill_(candidates == self.blank, LOGZERO)
        return (psi.clamp_min_(LOGZERO) - state.psi.unsqueeze(2)).float(), state

    def select(self, state: CTCPrefixState, parents: Tensor, tokens: Tensor) -> CTCPrefixState:
        """Forward variables of the survivors.

        Shapes:
            parents (U, K'), tokens (U, K')
        """
        repeats = state.last.gather(1, parents) == tokens
        ready = state.ready.flatten(1, 2)[..., :-1]  # (U, 2K, T)
        rows = rows_of(2 * parents + repeats, ready.size(1))
        ready = ready.flatten(0, 1).index_select(0, rows).unflatten(0, tokens.shape)  # (U, K', T)
        probs = _frame_probs(state.probs, tokens)
        log_probs = probs.log().clamp_min_(LOGZERO)
        begins = ready + log_probs
        psi = log_sum_exp(begins).clamp_min_(LOGZERO)
        sums = log_probs.clamp_min_(LEAST).cumsum(2)  # X; the token may last anywhere, a little, but not begin
        ends_in_token = log_cumsum_exp(begins - sums).add_(sums)
        either = log_cumsum_exp(ends_in_token - state.blank_sums)  # E
        ready = either.new_full((*tokens.shape, 2, state.ready.size(3)), LOGZERO)
        torch.add(either, state.blank_sums, out=ready[:, :, 0, 1:])
        torch.add(either[:, :, :-1], state.blank_sums[:, :, 1:], out=ready[:, :, 1, 2:])
        return state._replace(ready=ready, psi=psi, last=tokens, last_probs=probs)

    def tokens_after(self, state: CTCPrefixState) -> Tensor:
        """How many tokens CTC expects: in all frames, and after each frame if nothing is said a second time in the next.

        A token begins in a frame if the one before holds another token or blank.

        Returns:
            (U, T + 1)
        """
        probs = state.probs.clone()
        probs[:, self.blank] = 0.0
        spoken = probs.sum(1)  # (U, T)
        again = (probs[:, :, 1:] * probs[:, :, :-1]).sum(1)
        begins = spoken - F.pad(again, (1, 0))
        later = begins.flip(1).cumsum(1).flip(1) - begins
        return F.pad(later + spoken, (0, 1))

    def tokens_to_come(self, state: CTCPrefixState, tokens_after: Tensor) -> Tensor:
        """How many tokens CTC expects after each prefix, in the frames so far.

        That is the sum over all frames of the probability that the prefix was finished in this frame, times the number of
        tokens after it.

        Args:
            state: Of the prefixes.
            tokens_after: See there.

        Shapes:
            tokens_after (U, T + 1) -> (U, K)
        """
        finished_before, in_blank = (state.ready - state.psi[:, :, None, None]).exp_().unbind(2)  # (U, K, T + 1)
        in_token = finished_before - in_blank
        probs = state.last_probs
        finished = in_token[:, :, 1:] - in_token[:, :, :-1] * probs  # in this frame: (U, K, T)
        after = tokens_after[:, None, 1:] - F.pad(probs[:, :, 1:], (0, 1))
        return (finished * after).sum(2) + (1.0 - finished.sum(2)) * tokens_after[:, :1]

    def keep(self, state: CTCPrefixState, utterances: Tensor) -> CTCPrefixState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        return CTCPrefixState._make([*(tensor.index_select(0, utterances) for tensor in state[:-1]), None])


def _frame_probs(probs: Tensor, tokens: Tensor) -> Tensor:
    """The probabilities of some tokens: probs (U, V, T), tokens (U, K) -> (U, K, T)."""
    return probs.flatten(0, 1).index_select(0, rows_of(tokens, probs.size(1))).unflatten(0, tokens.shape)

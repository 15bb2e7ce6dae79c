"""Mask-CTC: the best path of CTC, whose doubtful tokens are filled in anew, the easiest first.

Higuchi et al., "Mask CTC: Non-Autoregressive End-to-End ASR with CTC and Mask Predict", 2020,
https://arxiv.org/abs/2005.08700, section 3. A token's confidence is its highest posterior among the frames that it
stands for. Each of n iterations fills the same number of masked tokens, those that the decoder is surest of, and the
last one all that are left: there are at most n decoder calls, however long the utterances and however many they are.
"""
# Shapes: U utterances, T frames, L tokens, D model size, V vocabulary (token V is the mask)
from collections.abc import Callable

import torch
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.search.hypothesis import Hypothesis
from espnet2.utils.errors import InputError


class MaskCTCSearch:
    """One transcript for each utterance, as long as CTC's best path says.

    Args:
        ctc: Encoded frames (U, T, D) to log-posteriors (U, T, V).
        decoder: ``(encoded (U, T, D), lengths (U,), tokens (U, L), token_lengths (U,)) -> (logits (U, L, V + 1), _)``.
        mask_token: Id of the mask, V.
        sos: Id that a hypothesis begins with.
        eos: Id that it ends with; also the padding of tokens.
        blank: CTC's blank.
        n_iterations: Most decoder calls.
        threshold_probability: Tokens that CTC gives a lower posterior are masked.

    Attributes:
        weights: Of the two parts of a score: what CTC is sure of, and what the decoder has filled in.

    Raises:
        InputError: If ``n_iterations`` is below 1 or the threshold is no probability.
    """

    weights = {"ctc": 1.0, "decoder": 1.0}

    def __init__(
        self,
        ctc: Callable[[Tensor], Tensor],
        decoder: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
        mask_token: int,
        sos: int,
        eos: int,
        blank: int = 0,
        n_iterations: int = 10,
        threshold_probability: float = 0.999,
    ):
        if n_iterations < 1:
            raise InputError(f"maskctc_n_iterations must be at least 1, but it is {n_iterations}")
        if not 0.0 <= threshold_probability <= 1.0:
            raise InputError(f"maskctc_threshold_probability is {threshold_probability}; it must lie between 0 and 1")
        self.ctc = ctc
        self.decoder = decoder
        self.mask_token = mask_token
        self.sos = sos
        self.eos = eos
        self.blank = blank
        self.n_iterations = n_iterations
        self.threshold_probability = threshold_probability

    @torch.no_grad()
    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Recognise all utterances.

        Args:
            encoded: Encoder output.
            lengths: Its frames.
            maxlenratio: Without effect; CTC decides the length.
            minlenratio: Without effect.

        Returns:
            One hypothesis for each utterance, in a list. Its score is the sum of its tokens' log-probabilities.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        tokens, sure, token_lengths = best_path(self.ctc(encoded), lengths, self.blank)
        is_token = ~make_pad_mask(token_lengths, tokens.size(1))
        is_masked = (sure.exp() < self.threshold_probability) & is_token
        filled = torch.zeros_like(sure)
        tokens = tokens.masked_fill(~is_token, self.eos)
        rows = is_masked.any(1).nonzero().squeeze(1)
        if len(rows):
            tokens[rows], filled[rows] = self._fill(
                encoded[rows], lengths[rows], tokens[rows].masked_fill(is_masked[rows], self.mask_token), token_lengths[rows]
            )
        scores = {
            "ctc": sure.masked_fill(is_masked | ~is_token, 0.0).sum(1).tolist(),
            "decoder": filled.sum(1).tolist(),
        }
        return [
            [self._hypothesis(tokens[row, :length], {name: values[row] for name, values in scores.items()})]
            for row, length in enumerate(token_lengths.tolist())
        ]

    def _fill(
        self, encoded: Tensor, lengths: Tensor, tokens: Tensor, token_lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Replace all masks.

        Returns:
            The tokens, and the log-probabilities of the new ones (0 elsewhere).

        Shapes:
            encoded (U, T, D), lengths (U,), tokens (U, L), token_lengths (U,) -> (U, L), (U, L)
        """
        tokens, scores = tokens.clone(), encoded.new_zeros(tokens.shape)
        num_masks = (tokens == self.mask_token).sum(1, keepdim=True)
        at_once = (num_masks // self.n_iterations).clamp_(min=1)  # (U, 1)
        for iteration in range(1, self.n_iterations + 1):
            rows = (tokens == self.mask_token).any(1).nonzero().squeeze(1)
            if not len(rows):
                break
            logits, _ = self.decoder(encoded[rows], lengths[rows], tokens[rows], token_lengths[rows])
            best, ids = logits[:, :, : self.mask_token].log_softmax(-1).max(-1)  # (U', L); never the mask itself
            is_chosen = is_masked = tokens[rows] == self.mask_token
            if iteration < self.n_iterations:
                order = best.masked_fill(~is_masked, -torch.inf).argsort(dim=1, descending=True, stable=True)
                is_chosen = is_masked & (order.argsort(dim=1) < at_once[rows])
            tokens[rows] = torch.where(is_chosen, ids, tokens[rows])
            scores[rows] = torch.where(is_chosen, best, scores[rows])
        return tokens, scores

    def _hypothesis(self, tokens: Tensor, scores: dict[str, float]) -> Hypothesis:
        yseq = torch.cat([tokens.new_tensor([self.sos]), tokens, tokens.new_tensor([self.eos])])
        return Hypothesis(yseq, sum(scores.values()), scores)


def best_path(log_probs: Tensor, lengths: Tensor, blank: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best label of each frame, repetitions and blanks left out.

    Args:
        log_probs: Log-posteriors of the labels.
        lengths: Frames of each utterance.
        blank: The label to leave out.

    Returns:
        Tokens, padded with ``blank``; each one's highest log-posterior among its frames; and how many there are.

    Shapes:
        log_probs (U, T, V), lengths (U,) -> (U, L), (U, L), (U,)
    """
    best, path = log_probs.max(-1)  # (U, T)
    path = path.masked_fill(make_pad_mask(lengths, path.size(1)), blank)
    is_start = torch.ones_like(path, dtype=torch.bool)
    is_start[:, 1:] = path[:, 1:] != path[:, :-1]
    run = is_start.cumsum(1) - 1  # which run of equal labels each frame belongs to
    labels = torch.full_like(path, blank).scatter_(1, run, path)
    peaks = torch.full_like(best, -torch.inf).scatter_reduce_(1, run, best, "amax")
    is_token = labels != blank
    token_lengths = is_token.sum(1)
    order = (~is_token).to(torch.int8).argsort(dim=1, stable=True)[:, : int(token_lengths.max())]
    return labels.gather(1, order), peaks.gather(1, order), token_lengths

"""Learning which frames belong to which token, without a teacher.

Badlani et al., "One TTS Alignment To Rule Them All", 2021, https://arxiv.org/abs/2108.10447 (soft alignment by distances,
section 2.1; beta-binomial prior and binarisation, 2.2 and 2.3); Lim et al., "JETS", 2022, https://arxiv.org/abs/2203.16852,
section 2.2; Kim et al., "Glow-TTS", 2020, https://arxiv.org/abs/2005.11129, algorithm 1 (monotonic alignment search).
"""
# Shapes: B batch, L tokens, T frames, D model size, F features
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.tts.parts.length_regulator import tokens_of_frames
from espnet2.utils.errors import InputError

LOG_BLANK = -1.0  # of the blank between tokens in the forward-sum loss, before normalisation
NEVER = -1e9  # the log-probability of padding; finite, for CTC's gradients know no infinity


class AlignmentModule(torch.nn.Module):
    """The probability that a frame belongs to a token, from the distance of their convolved vectors and a diagonal prior.

    Args:
        adim: Model size D.
        odim: Features F.
    """

    def __init__(self, adim: int, odim: int) -> None:
        super().__init__()
        self.t_conv1 = torch.nn.Conv1d(adim, adim, 3, padding=1)
        self.t_conv2 = torch.nn.Conv1d(adim, adim, 1)
        self.f_conv1 = torch.nn.Conv1d(odim, adim, 3, padding=1)
        self.f_conv2 = torch.nn.Conv1d(adim, adim, 3, padding=1)
        self.f_conv3 = torch.nn.Conv1d(adim, adim, 1)

    def forward(self, hs: Tensor, feats: Tensor, text_lengths: Tensor, feats_lengths: Tensor) -> Tensor:
        """Align softly.

        Args:
            hs: Encoded tokens.
            feats: Features.
            text_lengths: Tokens of each utterance.
            feats_lengths: Frames of each utterance.
        Returns:
            Log-probabilities over the tokens for each frame; ``NEVER`` for padded tokens.

        Shapes:
            hs (B, L, D), feats (B, T, F), text_lengths (B,), feats_lengths (B,) -> (B, T, L)
        """
        text_mask, feats_mask = make_pad_mask(text_lengths, hs.size(1)), make_pad_mask(feats_lengths, feats.size(1))
        text = hs.masked_fill(text_mask.unsqueeze(-1), 0.0).transpose(1, 2)  # (B, D, L)
        text = self.t_conv2(self.t_conv1(text).relu()).transpose(1, 2)
        hidden = self.f_conv1(feats.masked_fill(feats_mask.unsqueeze(-1), 0.0).transpose(1, 2)).relu()  # (B, D, T)
        hidden = self.f_conv2(hidden.masked_fill(feats_mask.unsqueeze(1), 0.0)).relu()
        scores = -torch.cdist(self.f_conv3(hidden).transpose(1, 2), text)
        scores = scores + beta_binomial_prior(text_lengths, feats_lengths).to(scores)
        return scores.masked_fill(text_mask.unsqueeze(1), NEVER).log_softmax(-1)


def beta_binomial_prior(text_lengths: Tensor, feats_lengths: Tensor) -> Tensor:
    """Log-probabilities of tokens for each frame that are high along the diagonal, and wide in the middle.

    Frame t (from 1) of T and token k (from 0) of N: the beta-binomial distribution of k in N - 1 trials with the parameters
    t and T - t + 1. Zero on padding.

    Shapes:
        text_lengths (B,), feats_lengths (B,) -> (B, T, L)
    """
    device = text_lengths.device
    num_tokens, num_frames = int(text_lengths.max()), int(feats_lengths.max())
    log_gamma = torch.lgamma(torch.arange(num_tokens + num_frames + 2, dtype=torch.float32, device=device))
    trials = (text_lengths - 1)[:, None, None]
    frames = feats_lengths[:, None, None]
    k = torch.arange(num_tokens, device=device)[None, None, :]
    t = torch.arange(1, num_frames + 1, device=device)[None, :, None]
    after, left = (frames - t + 1).clamp(min=1), (trials - k).clamp(min=0)
    choose = log_gamma[trials + 1] - log_gamma[k + 1] - log_gamma[left + 1]
    beta = log_gamma[k + t] + log_gamma[left + after] - log_gamma[trials + frames + 1]
    prior = choose + beta - (log_gamma[t] + log_gamma[after] - log_gamma[frames + 1])
    return prior.masked_fill((k > trials) | (t > frames), 0.0)


def forward_sum_loss(log_probs: Tensor, text_lengths: Tensor, feats_lengths: Tensor) -> Tensor:
    """The negative log-likelihood of all monotonic alignments: CTC whose labels are the tokens' positions.

    Args:
        log_probs: From ``AlignmentModule``.
        text_lengths: Tokens of each utterance.
        feats_lengths: Frames of each utterance.
    Returns:
        The mean over utterances of the loss per token.

    Shapes:
        log_probs (B, T, L), text_lengths (B,), feats_lengths (B,) -> scalar
    """
    with_blank = F.pad(log_probs, (1, 0), value=LOG_BLANK).log_softmax(-1).transpose(0, 1)  # (T, B, 1 + L)
    labels = torch.arange(1, log_probs.size(-1) + 1, device=log_probs.device).expand(log_probs.size(0), -1)
    return F.ctc_loss(with_blank, labels, feats_lengths, text_lengths, zero_infinity=True)


def binarization_loss(log_probs: Tensor, durations: Tensor, feats_lengths: Tensor) -> Tensor:
    """How far the soft alignment is from the hard one: the mean negative log-probability along its path.

    Shapes:
        log_probs (B, T, L), durations (B, L), feats_lengths (B,) -> scalar
    """
    pad_mask = make_pad_mask(feats_lengths, log_probs.size(1))
    tokens = tokens_of_frames(durations, log_probs.size(1)).clamp(max=log_probs.size(-1) - 1)
    along = log_probs.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)  # (B, T)
    return -along.masked_fill(pad_mask, 0.0).sum() / feats_lengths.sum()


@torch.no_grad()
def monotonic_alignment_search(log_probs: Tensor, lengths: Tensor, text_lengths: Tensor) -> Tensor:
    """Frames of each token along the best monotonic path, on which every token has one frame at least.

    The rows of the batch go through the dynamic programme together: a loop over frames, forth and back.

    Args:
        log_probs: Score of each token for each frame.
        lengths: Frames of each utterance.
        text_lengths: Tokens of each utterance.
    Returns:
        Durations that sum to ``lengths``; 0 on padding.
    Raises:
        InputError: If an utterance has fewer frames than tokens.

    Shapes:
        log_probs (B, T, L), lengths (B,), text_lengths (B,) -> (B, L) int64
    """
    for row in torch.nonzero(lengths < text_lengths).flatten().tolist():
        raise InputError(
            f"Utterance {row + 1} of the batch has {int(lengths[row])} frames for {int(text_lengths[row])} tokens: there is "
            "no alignment with a frame for each token. Take it out, or use a smaller hop length."
        )
    scores = log_probs.transpose(0, 1).float().cpu().numpy()  # (T, B, L)
    num_frames, num_rows, num_tokens = scores.shape
    best = np.full((num_rows, num_tokens + 1), -np.inf)  # of paths that end in a token; before the first in column 0
    best[:, 0] = 0.0
    has_moved = np.empty(scores.shape, dtype=bool)
    for score, moved in zip(scores, has_moved):
        np.greater(best[:, :-1], best[:, 1:], out=moved)
        best[:, 1:] = np.maximum(best[:, :-1], best[:, 1:]) + score
        best[:, 0] = -np.inf
    rows, token, ends = np.arange(num_rows), text_lengths.cpu().numpy() - 1, lengths.cpu().numpy()
    durations = np.zeros((num_rows, num_tokens), dtype=np.int64)
    for frame in range(num_frames - 1, -1, -1):
        is_inside = frame < ends
        durations[rows, token] += is_inside
        token = np.maximum(token - (has_moved[frame, rows, token] & is_inside), 0)
    return torch.from_numpy(durations).to(log_probs.device)

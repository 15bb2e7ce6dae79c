"""The loss of synthesisers that write frame after frame: distance from the speech, and whether to stop.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884, section 2.2.
"""

# Shapes: B batch, T frames, D features
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.tts.parts.targets import frame_weights, refuse_both_maskings, stop_labels
from espnet2.utils.errors import InputError

LOSS_TYPES = {"L1": (1.0, 0.0), "L2": (0.0, 1.0), "L1+L2": (1.0, 1.0)}


class TacotronLosses(NamedTuple):
    """Means over frames and features; both distances are those before and after the postnet together."""

    total: Tensor
    l1: Tensor
    l2: Tensor
    bce: Tensor


class TacotronLoss(torch.nn.Module):
    """Absolute and squared distance, and binary cross entropy of the stop.

    Args:
        loss_type: Which distance is learned: ``L1``, ``L2`` or ``L1+L2``.
        use_masking: See ``espnet2.tts.parts.targets.frame_weights``.
        use_weighted_masking: As well.
        bce_pos_weight: How much a frame to stop at counts.

    Raises:
        InputError: If the loss type is unknown, or both maskings are asked for.
    """

    def __init__(self, loss_type: str, use_masking: bool, use_weighted_masking: bool, bce_pos_weight: float) -> None:
        super().__init__()
        if loss_type not in LOSS_TYPES:
            raise InputError(f"tts_conf: unknown loss_type {loss_type!r}; choose from {', '.join(LOSS_TYPES)}")
        refuse_both_maskings(use_masking, use_weighted_masking)
        self.distances = LOSS_TYPES[loss_type]
        self.use_masking = use_masking
        self.use_weighted_masking = use_weighted_masking
        self.bce_criterion = torch.nn.BCEWithLogitsLoss(reduction="none", pos_weight=torch.tensor(bce_pos_weight))

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Old checkpoints have no ``pos_weight``: that of the configuration stays."""
        assert self.bce_criterion.pos_weight is not None
        state_dict.setdefault(f"{prefix}bce_criterion.pos_weight", self.bce_criterion.pos_weight)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, after: Tensor, before: Tensor, logits: Tensor, feats: Tensor, lengths: Tensor) -> TacotronLosses:
        """Compare.

        Args:
            after: Output of the postnet.
            before: Its input.
            logits: Whether to stop.
            feats: The speech.
            lengths: Its frames.

        Shapes:
            after (B, T, D), before (B, T, D), logits (B, T), feats (B, T, D), lengths (B,)
        """
        weights = frame_weights(lengths, feats.size(1), self.use_masking, self.use_weighted_masking)

        def mean(distances: Tensor) -> Tensor:
            return (distances.mean(2) * weights).sum()

        l1 = mean((after - feats).abs() + (before - feats).abs())
        l2 = mean(F.mse_loss(after, feats, reduction="none") + F.mse_loss(before, feats, reduction="none"))
        labels = stop_labels(lengths, feats.size(1)).to(logits.dtype)
        bce = (self.bce_criterion(logits, labels) * weights).sum()
        return TacotronLosses(self.distances[0] * l1 + self.distances[1] * l2 + bce, l1, l2, bce)

"""Cross entropy against a smoothed target.

Szegedy et al., "Rethinking the Inception Architecture", 2016, https://arxiv.org/abs/1512.00567, section 7.
"""
# Shapes: B batch, L labels, V vocabulary
import math

import torch
from torch import Tensor


class LabelSmoothingLoss(torch.nn.Module):
    """KL divergence from the smoothed target, 1 - smoothing on the label and the rest shared by the others.

    With p the model and q the target this is sum q log q - sum q log p. Only two sums over log p depend on the model:
    no tensor of targets is made.

    Args:
        size: Vocabulary size V.
        padding_idx: Label that marks padding.
        smoothing: Probability taken from the label.
        normalize_length: Divide by the number of labels instead of the batch size.
    """

    def __init__(self, size: int, padding_idx: int, smoothing: float, normalize_length: bool = False) -> None:
        super().__init__()
        self.size = size
        self.padding_idx = padding_idx
        self.smoothing = smoothing
        self.normalize_length = normalize_length

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Shapes:
            logits (B, L, V), target (B, L) -> scalar
        """
        keep = target != self.padding_idx  # (B, L)
        log_probs = logits.float().log_softmax(-1)
        picked = log_probs.gather(-1, target.masked_fill(~keep, 0).unsqueeze(-1)).squeeze(-1)  # (B, L)
        loss = -picked
        if self.smoothing > 0:
            on, off = 1.0 - self.smoothing, self.smoothing / (self.size - 1)
            negative_entropy = on * math.log(on) + self.smoothing * math.log(off)
            loss = negative_entropy - (on - off) * picked - off * log_probs.sum(-1)
        num_labels = keep.sum() if self.normalize_length else len(target)
        return loss.masked_fill(~keep, 0.0).sum() / num_labels

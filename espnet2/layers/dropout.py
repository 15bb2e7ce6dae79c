"""Dropout whose random numbers are cheap on a CPU.

Srivastava et al., "Dropout", 2014, https://jmlr.org/papers/v15/srivastava14a.html

Torch draws a float for each element there, which takes a sixth of a training step of a small Conformer. Here 16 random
bits decide, a quarter of the draws. Probabilities are rounded to multiples of 1 / 65536.
"""
import torch
from torch import Tensor

LEVELS = 2**16


class Dropout(torch.nn.Dropout):
    """Zero elements at random in training and scale the others up by 1 / (1 - p).

    Args:
        p: Probability of zero.

    Shapes:
        x (...) -> (...)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply it; it is the identity in evaluation."""
        if not self.training:
            return x
        threshold = round(self.p * LEVELS)
        if threshold == 0:
            return x
        if x.device.type != "cpu" or threshold == LEVELS:
            return super().forward(x)
        num_draws = (x.numel() + 3) // 4
        bits = torch.empty(num_draws, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        mask = torch.empty(x.shape, dtype=x.dtype)
        torch.ge(bits[: x.numel()].view(x.shape), threshold - LEVELS // 2, out=mask)
        return x * mask.mul_(1.0 / (1.0 - threshold / LEVELS))

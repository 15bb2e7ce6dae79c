"""Layer normalisation with the tiny epsilon that checkpoints of this family were trained with."""
import torch
from torch import Tensor


class LayerNorm(torch.nn.LayerNorm):
    """Layer normalisation over the last axis, with epsilon 1e-12.

    Ba, Kiros, Hinton, "Layer Normalization", 2016, https://arxiv.org/abs/1607.06450

    Args:
        size: Size of the last axis.

    Shapes:
        x (..., D) -> (..., D)
    """

    def __init__(self, size: int) -> None:
        super().__init__(size, eps=1e-12)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        return torch.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

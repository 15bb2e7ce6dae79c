"""Bottleneck adapters: a small network behind each part of a trained layer, before the residual path.

Houlsby et al., "Parameter-Efficient Transfer Learning for NLP", 2019, https://arxiv.org/abs/1902.00751, section 2.1.
"""

# Shapes: D model size, K bottleneck
from typing import Any

import torch
from torch import Tensor


class HoulsbyAdapter(torch.nn.Module):
    """``x + W_up gelu(W_down x)``, the identity at first since W_up begins as zero.

    Args:
        size: Model size D.
        bottleneck: K.
    """

    def __init__(self, size: int, bottleneck: int) -> None:
        super().__init__()
        self.down = torch.nn.Linear(size, bottleneck)
        self.up = torch.nn.Linear(bottleneck, size)
        torch.nn.init.zeros_(self.up.weight)
        torch.nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the adapter.

        Shapes:
            x (..., D) -> (..., D)
        """
        return x + self.up(torch.nn.functional.gelu(self.down(x)))


def attach_adapter(part: torch.nn.Module, size: int, bottleneck: int) -> None:
    """Let a part's output go through an adapter, which becomes its submodule ``adapter``; its own keys stay as they are."""
    like = next(part.parameters())
    part.adapter = HoulsbyAdapter(size, bottleneck).to(like)
    part.register_forward_hook(_adapt)


def _adapt(part: Any, inputs: tuple, output: Tensor) -> Tensor:
    return part.adapter(output)

"""Stochastic gradient descent with a learning rate that may be left out, as configurations of the toolkit do."""

from collections.abc import Iterable
from typing import Any

import torch


class SGD(torch.optim.SGD):
    """``torch.optim.SGD`` with ``lr`` 0.1 by default."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.1,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        fused: bool | None = None,
    ):
        super().__init__(params, lr, momentum, dampening, weight_decay, nesterov, fused=fused)

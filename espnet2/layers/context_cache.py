"""The last inputs of causal convolutions, kept while a search writes token after token."""
# Shapes: N hypotheses, R inputs kept, D model size
from collections.abc import Sequence

import torch
from torch import Tensor


class ContextCache:
    """The last inputs of all layers; zeros before the first.

    Args:
        reaches: R of each layer.
        num_rows: Hypotheses N.
        size: Model size D.
        like: A tensor whose type and device are taken.
    """

    def __init__(self, reaches: list[int], num_rows: int, size: int, like: Tensor):
        self._inputs = [like.new_zeros(num_rows, reach, size) for reach in reaches]

    def advance(self) -> "ContextCache":
        """The cache in which the next token begins; this one stays as it is."""
        advanced = object.__new__(ContextCache)
        advanced._inputs = list(self._inputs)
        return advanced

    def put(self, layer: int, x: Tensor) -> Tensor:
        """Write a layer's present input, and read it after the earlier ones.

        Shapes:
            x (N, 1, D) -> (N, R + 1, D)
        """
        window = torch.cat([self._inputs[layer], x], 1)
        self._inputs[layer] = window[:, 1:]
        return window

    @classmethod
    def join(cls, caches: Sequence["ContextCache"]) -> "ContextCache":
        """All hypotheses of several caches, one after another."""
        joined = object.__new__(cls)
        joined._inputs = [torch.cat(inputs) for inputs in zip(*(cache._inputs for cache in caches))]
        return joined

    def take(self, rows: Tensor, utterances: Tensor | None = None) -> "ContextCache":
        """The cache of some hypotheses, in the order given; whose they are makes no difference here.

        Shapes:
            rows (N',), utterances (U',)
        """
        taken = object.__new__(ContextCache)
        taken._inputs = [inputs.index_select(0, rows) for inputs in self._inputs]
        return taken

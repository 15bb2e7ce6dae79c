"""Keys and values of self-attention, kept while a search writes token after token.

All layers lie in one tensor, so that reordering the hypotheses is one copy; there is room for some tokens more, so that
adding one is none.
"""
# Shapes: N hypotheses, H heads, L tokens so far, d_k head size
import torch
from torch import Tensor

ROOM = 16  # tokens by which the cache grows


class KeyValueCache:
    """Projected keys and values of all layers.

    Args:
        num_layers: How many attention layers share the cache.
        num_rows: Hypotheses N.
        num_heads: Heads H.
        head_size: Size of one head d_k.
        like: A tensor whose type and device are taken.

    Attributes:
        length: Tokens so far, the present one included.
    """

    def __init__(self, num_layers: int, num_rows: int, num_heads: int, head_size: int, like: Tensor):
        self._buffer = like.new_zeros(num_layers, 2, num_rows, num_heads, ROOM, head_size)
        self.length = 0

    def advance(self) -> None:
        """Make room for one token more in each layer."""
        self.length += 1
        if self.length > self._buffer.size(4):
            self._buffer = torch.nn.functional.pad(self._buffer, (0, 0, 0, ROOM))

    def put(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write a layer's key and value of the present token, and read those of all tokens.

        Shapes:
            key (N, H, 1, d_k), value (N, H, 1, d_k) -> (N, H, L, d_k), (N, H, L, d_k)
        """
        last = self.length - 1
        keys, values = self._buffer[layer]
        keys[:, :, last : self.length] = key
        values[:, :, last : self.length] = value
        return keys[:, :, : self.length], values[:, :, : self.length]

    def take(self, rows: Tensor) -> "KeyValueCache":
        """The cache of some hypotheses, in the order given.

        Shapes:
            rows (N',)
        """
        taken = object.__new__(KeyValueCache)
        taken._buffer = self._buffer.index_select(2, rows)
        taken.length = self.length
        return taken

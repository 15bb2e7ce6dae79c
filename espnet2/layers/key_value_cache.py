"""Keys and values of self-attention, kept while a search writes token after token.

All layers lie in one tensor, so that reordering the hypotheses is one copy; there is room for some tokens more, so that
adding one is none. Tokens come first, so that only those written so far are copied.
"""
# Shapes: N hypotheses, H heads, L tokens so far, d_k head size
from collections.abc import Sequence

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
        self._buffer = like.new_empty(ROOM, num_layers, 2, num_rows, num_heads, head_size)
        self.length = 0

    def advance(self) -> "KeyValueCache":
        """The cache with room for one token more in each layer; this one stays as it is."""
        advanced = object.__new__(KeyValueCache)
        advanced.length = self.length + 1
        advanced._buffer = self._buffer
        if advanced.length > len(self._buffer):
            advanced._buffer = torch.cat([self._buffer, self._buffer.new_empty(ROOM, *self._buffer.shape[1:])])
        return advanced

    def put(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write a layer's key and value of the present token, and read those of all tokens.

        Shapes:
            key (N, H, 1, d_k), value (N, H, 1, d_k) -> (N, H, L, d_k), (N, H, L, d_k)
        """
        keys, values = self._buffer[: self.length, layer].unbind(1)  # (L, N, H, d_k)
        keys[-1] = key.squeeze(2)
        values[-1] = value.squeeze(2)
        return keys.permute(1, 2, 0, 3), values.permute(1, 2, 0, 3)

    @classmethod
    def join(cls, caches: Sequence["KeyValueCache"]) -> "KeyValueCache":
        """All hypotheses of several caches of the same length, one after another."""
        joined = object.__new__(cls)
        length = caches[0].length
        joined._buffer = torch.cat([cache._buffer[:length] for cache in caches], 3)
        joined.length = length
        return joined

    def take(self, rows: Tensor) -> "KeyValueCache":
        """The cache of some hypotheses, in the order given.

        Shapes:
            rows (N',)
        """
        room = -(-self.length // ROOM) * ROOM
        layers, pair, _, *head = self._buffer.shape[1:]
        taken = object.__new__(KeyValueCache)
        taken._buffer = self._buffer.new_empty(room, layers, pair, len(rows), *head)
        torch.index_select(self._buffer[: self.length], 3, rows, out=taken._buffer[: self.length])
        taken.length = self.length
        return taken

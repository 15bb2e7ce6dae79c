"""Keys and values of self-attention, kept while a search writes token after token.

The hypotheses of an utterance have most of their tokens in common. So all its tokens lie in one row of a pool, each of
them once, and a mask says which are a hypothesis' own. To reorder the hypotheses is to reorder the rows of the mask; to
attend is one product of all hypotheses with all tokens. Those that no hypothesis has any more go when the pool is full.
"""
# Shapes: U utterances and N hypotheses of the search, H heads, d_k head size
#         G groups of K hypotheses, the utterances or, after ``join``, each hypothesis by itself; M tokens of a group
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

ROOM = 16  # tokens of each hypothesis for which a pool has room


class _Pool:
    """Keys and values of all layers; caches share them.

    Args:
        tensor: (2 * layers, G, room, H, d_k)
        length: How much of the room is taken.
    """

    def __init__(self, tensor: Tensor, length: int):
        self.tensor = tensor
        self.length = length


class KeyValueCache:
    """Projected keys and values of all layers.

    Args:
        num_layers: How many attention layers share the cache.
        num_utterances: Utterances U, with one hypothesis each at first.
        num_heads: Heads H.
        head_size: Size of one head d_k.
        like: A tensor whose type and device are taken.

    Attributes:
        mask: What is added to the scores of attention: 0 for a hypothesis' own tokens, else -inf. (G, K, M)
    """

    def __init__(self, num_layers: int, num_utterances: int, num_heads: int, head_size: int, like: Tensor):
        self._pool = _Pool(like.new_empty(2 * num_layers, num_utterances, ROOM, num_heads, head_size), 0)
        self._groups: Tensor | None = None  # (G,)  the groups' rows of the pool; None: all of them, in order
        self._is_joined = False  # whether each hypothesis is a group
        self._present: Sequence[Tensor] = ()  # where the present tokens' keys, values of each layer go, (G, H, K, d_k)
        self._all: Sequence[Tensor] = ()  # keys, values of each layer, (G, H, M, d_k)
        self.mask = like.new_empty(num_utterances, 1, 0)

    @property
    def shape(self) -> tuple[int, int]:
        """Groups and hypotheses of each: (G, K)."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def bias(self) -> Tensor:
        """The mask as the bias that ``MultiHeadedAttention`` adds: (G, 1, K, M)."""
        return self.mask.unsqueeze(1)

    def _replace(self, pool: _Pool, groups: Tensor | None, mask: Tensor) -> "KeyValueCache":
        other = object.__new__(KeyValueCache)
        other._pool, other._groups, other._is_joined, other.mask = pool, groups, self._is_joined, mask
        return other

    def advance(self, is_hidden: Tensor | None = None) -> "KeyValueCache":
        """The cache with one token more of each hypothesis, to be put into each layer; this one stays as it is.

        Args:
            is_hidden: Whether the token is one that nobody may look at.

        Shapes:
            is_hidden (U, N / U)
        """
        num_groups, num_tokens, length = self.mask.shape
        own = self.mask.new_full((num_tokens, num_tokens), -torch.inf).fill_diagonal_(0.0).expand(num_groups, -1, -1)
        if is_hidden is not None:
            own = own.masked_fill(is_hidden.view(num_groups, num_tokens, 1), -torch.inf)
        # Another cache may have been made from this one before: then its tokens lie in the room.
        has_room = self._pool.length == length and length + num_tokens <= self._pool.tensor.size(2)
        cache = self if has_room and self._groups is None else self._copy([self])
        advanced = self._replace(cache._pool, None, torch.cat([cache.mask, own], 2))
        length = advanced._pool.length = advanced.mask.size(2)
        tokens = advanced._pool.tensor[:, :, :length].transpose(2, 3)
        advanced._present = tokens[:, :, :, length - num_tokens :].unbind()
        advanced._all = tokens.unbind()
        return advanced

    def put(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write a layer's keys and values of the present tokens, and read those of all tokens.

        Shapes:
            key (G, H, K, d_k), value (G, H, K, d_k) -> (G, H, M, d_k), (G, H, M, d_k)
        """
        self._present[2 * layer].copy_(key)
        self._present[2 * layer + 1].copy_(value)
        return self._all[2 * layer], self._all[2 * layer + 1]

    def take(self, rows: Tensor, utterances: Tensor | None = None) -> "KeyValueCache":
        """The cache of some hypotheses, in the order given.

        Args:
            rows: Which of the N hypotheses.
            utterances: Whose they are, if they are all hypotheses of some utterances; None: equally many of each.

        Shapes:
            rows (N',), utterances (U',)
        """
        groups = rows if self._is_joined else utterances
        if groups is None:
            mask = self.mask.flatten(0, 1).index_select(0, rows).unflatten(0, (len(self.mask), -1))
            return self._replace(self._pool, self._groups, mask)
        mask = self.mask.index_select(0, groups)
        return self._replace(self._pool, groups if self._groups is None else self._groups[groups], mask)

    @classmethod
    def join(cls, caches: Sequence["KeyValueCache"]) -> "KeyValueCache":
        """All hypotheses of several caches of one utterance each, one after another."""
        joined = cls._copy([cache._by_hypothesis() for cache in caches])
        joined._is_joined = True
        return joined

    def _by_hypothesis(self) -> "KeyValueCache":
        """The same with each hypothesis as a group."""
        groups = self._rows().repeat_interleave(self.mask.size(1))
        return self._replace(self._pool, groups, self.mask.flatten(0, 1).unsqueeze(1))

    def _rows(self) -> Tensor:
        """The groups' rows of the pool: (G,)."""
        return torch.arange(len(self.mask), device=self.mask.device) if self._groups is None else self._groups

    @staticmethod
    def _copy(caches: Sequence["KeyValueCache"]) -> "KeyValueCache":
        """Some caches' groups in a pool of their own, without the tokens that are nobody's."""
        tokens, masks = zip(*(cache._used() for cache in caches))
        length = max(mask.size(2) for mask in masks)
        room = ROOM * masks[0].size(1)
        tensor = torch.cat([F.pad(part, (0, 0, 0, 0, 0, length + room - part.size(2))) for part in tokens], 1)
        mask = torch.cat([F.pad(mask, (0, length - mask.size(2)), value=-torch.inf) for mask in masks])
        return caches[0]._replace(_Pool(tensor, length), None, mask)

    def _used(self) -> tuple[Tensor, Tensor]:
        """The tokens that any hypothesis has, and which has which: (2 * layers, G, M', H, d_k), (G, K, M')."""
        is_used = (self.mask == 0).any(1)  # (G, M)
        most = int(is_used.sum(1).max())
        order = is_used.byte().argsort(dim=1, descending=True, stable=True)[:, :most]
        mask = self.mask.gather(2, order.unsqueeze(1).expand(-1, self.mask.size(1), -1))
        tensor = self._pool.tensor
        places = self._rows().unsqueeze(1) * tensor.size(2) + order
        return tensor.flatten(1, 2).index_select(1, places.flatten()).unflatten(1, places.shape), mask

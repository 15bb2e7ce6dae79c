"""What each hypothesis may look at is what was put for it, whatever happened to the others."""
import pytest
import torch
from torch import Tensor

from espnet2.layers.key_value_cache import ROOM, KeyValueCache

LAYERS, HEADS, SIZE = 2, 3, 5


class Told:
    """The cache, and beside it the tokens of each hypothesis by themselves: (N, L, layers, 2, H, d_k)."""

    def __init__(self, num_utterances: int):
        self.tokens = torch.empty(num_utterances, 0, LAYERS, 2, HEADS, SIZE)
        self.cache = KeyValueCache(LAYERS, num_utterances, HEADS, SIZE, self.tokens)

    def _then(self, tokens: Tensor, cache: KeyValueCache) -> "Told":
        other = Told(1)
        other.tokens, other.cache = tokens, cache
        return other

    def put(self, is_hidden: Tensor | None = None) -> "Told":
        new = torch.randn(len(self.tokens), LAYERS, 2, HEADS, SIZE)
        cache = self.cache.advance(is_hidden)
        by_layer = new.unflatten(0, cache.shape).permute(2, 3, 0, 4, 1, 5)  # (layers, 2, G, H, K, d_k)
        for number, (key, value) in enumerate(by_layer):
            cache.put(number, key, value)
        return self._then(torch.cat([self.tokens, new.unsqueeze(1)], 1), cache)

    def take(self, rows: list[int], utterances: list[int] | None = None) -> "Told":
        whose = None if utterances is None else torch.tensor(utterances)
        return self._then(self.tokens[rows], self.cache.take(torch.tensor(rows), whose))

    def check(self, hidden: tuple[int, int] | None = None) -> None:
        """Compare; ``hidden``: a row and its token that nobody may look at. Before the next is put."""
        for number in range(LAYERS):
            layer = self.cache._all[2 * number : 2 * number + 2]
            for row, tokens in enumerate(self.tokens):
                wanted = [token for place, token in enumerate(tokens) if (row, place) != hidden]
                group, own = divmod(row, self.cache.shape[1])
                for pair, view in enumerate(layer):
                    found = view[group][:, self.cache.mask[group, own] == 0].transpose(0, 1)  # (L, H, d_k)
                    expected = torch.stack([token[number, pair] for token in wanted])
                    torch.testing.assert_close(found, expected)


def test_takes_and_grows_past_its_room():
    torch.manual_seed(0)
    told = Told(2).put()
    told.check()
    told = told.take([0, 0, 0, 1, 1, 1])
    for _ in range(2 * ROOM + 3):
        told = told.put()
        told.check()
        told = told.take([*torch.randint(0, 3, (3,)).tolist(), *torch.randint(3, 6, (3,)).tolist()])
    assert told.cache.mask.size(2) < 6 * ROOM  # of about 100 tokens that were put
    told.take([3, 4, 5], [1]).put().check()
    told.take([3, 4, 5, 0, 1, 2], [1, 0]).put().check()


def test_earlier_caches_stay_as_they_are():
    start = Told(1).put().take([0, 0])
    once = start.put()
    again = start.put()
    for told in (once, again, once.take([1, 0]).put(), again.put(), once.put()):
        told.check()
    once.check()
    again.check()


def test_joins_hypotheses_of_different_searches():
    first = Told(1).put().take([0, 0, 0]).put()
    second = Told(1).put().take([0, 0]).put()
    joined = first._then(torch.cat([first.tokens, second.tokens]), KeyValueCache.join([first.cache, second.cache]))
    assert joined.cache.shape == (5, 1)
    told = joined.take([4, 0, 0]).put()
    told.check()
    twice = told._then(torch.cat([told.tokens, told.tokens]), KeyValueCache.join([told.cache, told.cache])).put()
    twice.check()
    twice.take([5, 1]).put().check()


@pytest.mark.parametrize("is_joined", [False, True])
def test_hidden_tokens(is_joined):
    told = Told(1).put().take([0, 0])
    if is_joined:
        told = told._then(told.tokens, KeyValueCache.join([told.take([0]).cache, told.take([1]).cache]))
    told = told.put(torch.tensor([[False, True]]))
    told.check(hidden=(1, 1))
    for _ in range(ROOM):
        told = told.put()
    told.check(hidden=(1, 1))

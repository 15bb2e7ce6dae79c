"""The cache gives back what was put, in order, past its first room, and reordered."""
import torch

from espnet2.layers.key_value_cache import ROOM, KeyValueCache


def test_grows_and_reorders():
    tokens = torch.randn(ROOM + 3, 2, 4, 3, 1, 5)  # step, key or value, row, head, 1, size
    cache = KeyValueCache(num_layers=1, num_rows=4, num_heads=3, head_size=5, like=tokens)
    for step, (key, value) in enumerate(tokens):
        cache = cache.advance()
        keys, values = cache.put(0, key, value)
        assert keys.shape == (4, 3, step + 1, 5)
    torch.testing.assert_close(keys, tokens[:, 0, ..., 0, :].permute(1, 2, 0, 3))
    torch.testing.assert_close(values, tokens[:, 1, ..., 0, :].permute(1, 2, 0, 3))

    rows = torch.tensor([3, 3, 0])
    cache = cache.take(rows).advance()
    keys_now, _ = cache.put(0, tokens[0, 0, :3], tokens[0, 1, :3])
    torch.testing.assert_close(keys_now[:, :, :-1], keys[rows])

"""Layer normalisation."""

import torch

from espnet2.layers.layer_norm import LayerNorm


def test_even_tiny_deviations_are_brought_to_one():
    """Epsilon is 1e-12, so a deviation of 1e-4 is not drowned, as it would be by torch's 1e-5."""
    x = 1e-4 * torch.randn(3, 64)
    assert torch.allclose(LayerNorm(64)(x).std(-1, unbiased=False), torch.ones(3), atol=1e-3)

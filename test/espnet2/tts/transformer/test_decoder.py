"""The decoder: steps with a cache equal the whole, and padding is not seen."""

import pytest
import torch

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.tts.transformer.decoder import Decoder
from espnet2.tts.transformer.input_layers import frame_input

D, F, N, S = 8, 5, 6, 9


def build(normalize_before=True, concat_after=False):
    torch.manual_seed(0)
    embed = frame_input(F, D, 1, 4, 0.0, 0.0, 0.0, scaled=True)
    decoder = Decoder(
        embed, lambda kind, number: MultiHeadedAttention(2, D, 0.0), D, 16, 2, 0.0, normalize_before, concat_after
    )
    return decoder.eval()


@torch.no_grad()
@pytest.mark.parametrize("options", [(True, False), (False, False), (True, True)])
def test_steps_equal_the_whole(options):
    decoder = build(*options)
    hs, ys = torch.randn(2, N, D), torch.randn(2, S, F)
    seen: list = []
    expected = decoder(hs, torch.tensor([N, N]), ys, torch.tensor([S, S]), seen)
    state = decoder.start(hs)
    for step in range(S):
        found, weights, state = decoder.step(ys[:, step], state)
        torch.testing.assert_close(found, expected[:, step], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(weights, torch.stack(seen, 1)[:, :, :, step], atol=1e-5, rtol=1e-5)
    assert weights.shape == (2, 2, 2, N)


@torch.no_grad()
def test_padding_and_future_are_not_seen():
    decoder = build()
    hs, ys, lengths = torch.randn(2, N, D), torch.randn(2, S, F), (torch.tensor([N, 4]), torch.tensor([S, 7]))
    found = decoder(hs, lengths[0], ys, lengths[1])
    alone = decoder(hs[1:, :4], lengths[0][1:], ys[1:, :7], lengths[1][1:])
    torch.testing.assert_close(found[1, :7], alone[0], atol=1e-5, rtol=1e-5)
    ys[:, 5:] += 1
    torch.testing.assert_close(decoder(hs, lengths[0], ys, lengths[1])[:, :5], found[:, :5])

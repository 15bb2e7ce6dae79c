"""Where decoders listen: the formula, and the attention of a whole pass."""

import pytest
import torch

from espnet2.asr.decoder.source_watch import SourceWatch
from espnet2.asr.decoder.transformer_decoder import TransformerDecoder

V, D = 7, 8


def test_the_probability_of_a_jump_back():
    watch = SourceWatch.begin(1, torch.zeros(1))
    first, second = torch.tensor([0.1, 0.2, 0.7]), torch.tensor([0.3, 0.3, 0.1, 0.3])  # a frame has come
    watch = watch.look([first.expand(1, 2, 1, 3)])
    assert float(watch.back) == 0.0
    watch = watch.look([second.expand(1, 2, 1, 4)])
    expected = sum(float(second[now] * first[last]) for now in range(4) for last in range(3) if now < last)
    assert float(watch.back) == pytest.approx(expected)
    forgotten = watch.forget(2).look([torch.tensor([1.0, 0.0]).expand(1, 2, 1, 2)])
    assert float(forgotten.back) == pytest.approx(0.3)
    both = watch.take(torch.tensor([[0, 0]])).keep(torch.tensor([0]))
    assert both.weights.shape == (1, 2, 4) and both.back.shape == (1, 2)


@torch.no_grad()
def test_it_is_the_attention_of_a_whole_pass():
    decoder = TransformerDecoder(V, D, attention_heads=2, linear_units=8, num_blocks=2).eval()
    encoded, ids = torch.randn(1, 6, D), torch.randint(1, V, (1, 2, 3))
    state = decoder.watch(decoder.start(encoded, torch.tensor([6])))
    state = decoder.select(state, torch.zeros(1, 2, dtype=torch.long), ids[:, :, 0])
    for layer in decoder.decoders:
        layer.src_attn.keep_attention = True
    decoder(encoded.expand(2, -1, -1), torch.tensor([6, 6]), ids[0], torch.tensor([3, 3]))
    whole = torch.stack([layer.src_attn.attn.mean(1) for layer in decoder.decoders]).mean(0)  # (K, L, T)
    for length in (1, 2, 3):
        _, state = decoder.score(ids[:, :, :length], state)
        torch.testing.assert_close(state.watch.weights[0], whole[:, length - 1])
        state = decoder.select(state, torch.tensor([[0, 1]]), ids[:, :, 0])
    before, last = whole[:, 1], whole[:, 2]
    jumps = torch.triu(torch.ones(6, 6), 1)  # [now, last]
    torch.testing.assert_close(decoder.back_probabilities(state)[0], torch.einsum("kt,ts,ks->k", last, jumps, before))

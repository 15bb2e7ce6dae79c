"""The decoder of Mask-CTC: one token more, and sight in both directions."""

import pytest
import torch

from espnet2.asr.decoder.mlm_decoder import MLMDecoder
from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.utils.errors import InputError

V, D = 7, 8


def build(kind=MLMDecoder, **conf):
    torch.manual_seed(0)
    return kind(V, D, attention_heads=2, linear_units=16, num_blocks=2, **conf).eval()


def test_keys_are_the_transformers_with_one_token_more():
    ours = {name: value.shape for name, value in build().state_dict().items()}
    theirs = {name: value.shape for name, value in build(TransformerDecoder).state_dict().items()}
    more = {name for name in ours if ours[name] != theirs[name]}
    assert ours.keys() == theirs.keys()
    assert more == {"embed.0.weight", "output_layer.weight", "output_layer.bias"}
    assert all(ours[name][0] == V + 1 for name in more)


@torch.no_grad()
def test_all_labels_are_seen_but_no_padding():
    decoder = build()
    encoded, lengths, ids = torch.randn(2, 5, D), torch.tensor([5, 3]), torch.randint(1, V + 1, (2, 6))
    logits, olens = decoder(encoded, lengths, ids, torch.tensor([6, 4]))
    assert logits.shape == (2, 6, V + 1) and olens.tolist() == [6, 4]
    alone, _ = decoder(encoded[1:, :3], lengths[1:], ids[1:, :4], torch.tensor([4]))
    torch.testing.assert_close(alone, logits[1:, :4], atol=1e-5, rtol=1e-5)
    changed = ids.clone()
    changed[:, 3] = (ids[:, 3] + 1) % V
    differs = (decoder(encoded, lengths, changed, torch.tensor([6, 4]))[0] - logits).abs().amax(2) > 1e-6
    assert differs[0].all() and differs[1, :4].all()


def test_unknown_input_layer_is_refused():
    with pytest.raises(InputError, match="embed or linear"):
        build(input_layer="conv2d")

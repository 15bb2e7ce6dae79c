"""The Transformer language model: its cached steps against the whole, blindness to padding, refusals."""
import pytest
import torch

from espnet2.lm.transformer_lm import TransformerLM
from espnet2.utils.errors import InputError


def build(pos_enc=None):
    torch.manual_seed(0)
    return TransformerLM(9, pos_enc, embed_unit=4, att_unit=8, head=2, unit=16, layer=2).eval()


@pytest.mark.parametrize("pos_enc", [None, "sinusoidal"])
@torch.no_grad()
def test_cached_steps_equal_the_whole(pos_enc):
    lm = build(pos_enc)
    ids = torch.randint(0, 9, (2, 3, 20))  # id 0, which is never looked at, among them
    ids[:, :, 0] = 8
    state = lm.start(torch.zeros(2, 1, 1), torch.ones(2))
    state = lm.select(state, torch.zeros(2, 3, dtype=torch.long), ids[:, :, 0])
    for length in range(1, 21):
        scores, state = lm.score(ids[:, :, :length], state)
        state = lm.select(state, torch.arange(3).expand(2, 3), ids[:, :, 0])
    whole = lm(ids.flatten(0, 1), None)[0][:, -1].log_softmax(-1)
    torch.testing.assert_close(scores.flatten(0, 1), whole, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_padding_is_not_seen():
    lm = build()
    short = torch.tensor([[8, 1, 2]])
    padded = torch.tensor([[8, 1, 2, 0, 0]])
    torch.testing.assert_close(lm(padded, None)[0][:, :3], lm(short, None)[0])


def test_unknown_positions_are_refused():
    with pytest.raises(InputError, match="pos_enc"):
        build("rotary")

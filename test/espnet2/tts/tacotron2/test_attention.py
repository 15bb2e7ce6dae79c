"""Attentions of Tacotron 2, written out for one utterance."""

import pytest
import torch

from espnet2.tts.tacotron2.attention import LEAST_WEIGHT, build_attention, within_window
from espnet2.utils.errors import InputError

E, Q, N, STEPS = 5, 4, 7, 5


def build(atype, cumulate=True):
    torch.manual_seed(0)
    return build_attention(atype, E, Q, 6, 3, 2, cumulate).eval()


def likely(att, h, query, seen):
    """Softmax of the energies: h (N, E), query (Q,), seen (N,)."""
    padded = torch.nn.functional.pad(seen, (2, 2))
    features = torch.stack([att.loc_conv.weight[:, 0, 0] @ padded[n : n + 5] for n in range(len(seen))])
    terms = att.mlp_enc(h) + att.mlp_dec(query) + att.mlp_att(features)
    return (att.scaling * att.gvec(terms.tanh())[:, 0]).softmax(0)


def run(att, h, lengths, queries):
    source = att.prepare(h, lengths)
    memory, weights = att.start(source), []
    for query in queries:
        context, own, memory = att(source, query.unsqueeze(1), memory)
        torch.testing.assert_close(context.squeeze(1), torch.einsum("bn,bne->be", own.squeeze(1), h))
        weights.append(own.squeeze(1))
    return torch.stack(weights, 1)


@torch.no_grad()
@pytest.mark.parametrize(("atype", "cumulate"), [("location", True), ("location", False), ("forward", True)])
def test_formula_and_padding(atype, cumulate):
    att = build(atype, cumulate)
    h, queries, lengths = torch.randn(2, N, E), torch.randn(STEPS, 2, Q), torch.tensor([N, 4])
    found = run(att, h, lengths, queries)
    for row, length in enumerate(lengths.tolist()):
        own, past = h[row, :length], []
        seen = torch.full((length,), 1 / length) if atype == "location" else torch.eye(length)[0]
        for query in queries[:, row]:
            weights = likely(att, own, query, seen)
            if atype == "forward":
                before = torch.cat([torch.zeros(1), seen[:-1]])
                weights = ((seen + before) * weights).clamp(min=LEAST_WEIGHT)
                weights = weights / weights.sum()
            past.append(weights)
            seen = sum(past) if cumulate and atype == "location" else weights
        torch.testing.assert_close(found[row, :, :length], torch.stack(past), atol=1e-6, rtol=1e-4)
        assert not found[row, :, length:].any()


@torch.no_grad()
def test_forward_attention_does_not_jump():
    weights = run(build("forward"), torch.randn(1, N, E), torch.tensor([N]), torch.randn(STEPS, 1, Q))[0]
    for step in range(STEPS):
        assert (weights[step, step + 2 :] < 1e-4).all()


@torch.no_grad()
@pytest.mark.parametrize(("centre", "allowed"), [(0, range(4)), (3, range(2, 7)), (6, range(5, 7))])
def test_window(centre, allowed):
    source = build("location").prepare(torch.randn(1, N, E), torch.tensor([N]))
    mask = within_window(source, torch.tensor([centre]), 1, 3).pad_mask[0]
    assert [n for n in range(N) if not mask[n]] == list(allowed)


def test_refusals():
    with pytest.raises(InputError, match="forward_ta.*not supported"):
        build("forward_ta")
    with pytest.raises(InputError, match="unknown atype 'dot'"):
        build("dot")

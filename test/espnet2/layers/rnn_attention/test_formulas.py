"""Each mechanism against its formula (models.md 3.2), written out frame by frame for one utterance and one head."""

import math

import pytest
import torch

from espnet2.layers.rnn_attention.build import ATTENTIONS, build_attention

E, Q, A, H, C, F, W = 5, 4, 6, 2, 3, 4, 3
LENGTHS = (9, 4)
CONF = {"adim": A, "aheads": H, "aconv_chans": C, "aconv_filts": F, "awin": W}
STEPS = 5

SCALES = dict.fromkeys(ATTENTIONS, 2.0) | dict.fromkeys(
    ("multi_head_dot", "multi_head_add", "multi_head_multi_res_loc"), 1 / math.sqrt(A)
)


def build(kind):
    torch.manual_seed(0)
    return build_attention({"atype": kind, **CONF}, E, Q).eval()


def convolved(kernel, rows):
    """Correlation of W rows of weights with a kernel (C, 1, W, 2 * filts + 1), zero beyond the ends -> T vectors (C,)."""
    num_frames, filts = len(rows[0]), kernel.shape[-1] // 2
    found = []
    for t in range(num_frames):
        total = torch.zeros(len(kernel))
        for number, row in enumerate(rows):
            for offset in range(-filts, filts + 1):
                if 0 <= t + offset < num_frames:
                    total = total + kernel[:, 0, number, offset + filts] * row[t + offset]
        found.append(total)
    return found


def lstm(cell, x, hidden, cells):
    gates = (cell.weight_ih @ x + cell.weight_hh @ hidden).chunk(4)
    cells = gates[1].sigmoid() * cells + gates[0].sigmoid() * gates[2].tanh()
    return gates[3].sigmoid() * cells.tanh(), cells


def memory_term(kind, att, t, past, mlp_att, loc_conv):
    """What a frame's energy owes to the earlier weights (past[0]: uniform)."""
    if kind == "coverage":
        return att.wvec.weight[:, 0] * sum(row[t] for row in past) + att.wvec.bias
    if kind == "location_recurrent":
        hidden = cells = torch.zeros(A)
        for row in past:
            features = torch.stack(convolved(loc_conv.weight, [row])).clamp(min=0)
            hidden, cells = lstm(att.att_lstm, features.max(0).values, hidden, cells)
        return hidden
    if mlp_att is None:
        return 0.0
    rows = {"coverage_location": [sum(past)], "location2d": ([past[0]] * W + past[1:])[-W:]}.get(kind, past[-1:])
    return mlp_att.weight @ convolved(loc_conv.weight, rows)[t]


def head_energies(kind, att, head, h, z, past):
    """Energy of each frame for one head (None: there are no heads)."""

    def part(name):
        module = getattr(att, name, None)
        return module if module is None or head is None else module[head]

    if kind == "noatt":
        return torch.zeros(len(h))
    key, query = (part("mlp_enc"), part("mlp_dec")) if head is None else (part("mlp_k"), part("mlp_q"))
    if kind.endswith("dot"):
        return torch.stack([key(frame).tanh() @ query(z).tanh() for frame in h])
    gvec, mlp_att, loc_conv = part("gvec"), part("mlp_att"), part("loc_conv")
    terms = [memory_term(kind, att, t, past, mlp_att, loc_conv) for t in range(len(h))]
    return torch.stack([gvec(torch.tanh(key(frame) + query(z) + term))[0] for frame, term in zip(h, terms)])


def naive(kind, att, h, queries):
    """Contexts and weights of all steps: h (T, E), queries (steps, Q)."""
    heads = range(H) if kind.startswith("multi_head") else [None]
    past = {head: [torch.full((len(h),), 1 / len(h))] for head in heads}
    contexts, weights = [], []
    for z in queries:
        read, seen = [], []
        for head in heads:
            energies = head_energies(kind, att, head, h, z, past[head])
            own = (SCALES[kind] * energies).softmax(0)
            past[head].append(own)
            seen.append(own)
            read.append(
                sum(weight * (frame if head is None else att.mlp_v[head](frame)) for weight, frame in zip(own, h))
            )
        contexts.append(read[0] if heads == [None] else att.mlp_o.weight @ torch.cat(read))
        weights.append(torch.stack(seen))
    return torch.stack(contexts), torch.stack(weights)


@torch.no_grad()
@pytest.mark.parametrize("kind", ATTENTIONS)
def test_formula(kind):
    """Two padded utterances with two hypotheses each, over several steps."""
    att = build(kind)
    encoded, queries = torch.randn(2, max(LENGTHS), E), torch.randn(STEPS, 2, 2, Q)
    source = att.prepare(encoded, torch.tensor(LENGTHS))
    memory = tuple(part.repeat_interleave(2, 1) for part in att.start(source))  # one hypothesis becomes two
    contexts, weights = [], []
    for query in queries:
        context, own, memory = att(source, query, memory)
        contexts.append(context)
        weights.append(own if own.dim() == 4 else own.unsqueeze(2))
    for utterance, length in enumerate(LENGTHS):
        for hypothesis in range(2):
            expected = naive(kind, att, encoded[utterance, :length], queries[:, utterance, hypothesis])
            found = [torch.stack(parts)[:, utterance, hypothesis] for parts in (contexts, weights)]
            assert not found[1][..., length:].any()
            torch.testing.assert_close(found[0], expected[0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(found[1][..., :length], expected[1], atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kind", ATTENTIONS)
def test_a_row_without_frames_gives_numbers(kind):
    att = build(kind)
    source = att.prepare(torch.zeros(2, 4, E), torch.tensor([4, 0]))
    context, weights, _ = att(source, torch.randn(2, 1, Q), att.start(source))
    assert context.isfinite().all() and weights.isfinite().all()

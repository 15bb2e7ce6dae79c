"""The recurrent decoder: its steps, its search interface, padding. test_parity.py holds it against the reference."""

import pytest
import torch

from espnet2.asr.decoder.rnn_decoder import RNNDecoder
from espnet2.layers.rnn_attention.build import ATTENTIONS
from espnet2.train.plot_attention import attention_weights
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

V, D, Q = 7, 6, 5
ATT = {"adim": 4, "aheads": 2, "aconv_chans": 3, "aconv_filts": 2, "awin": 3}


def build(kind="location", **conf):
    torch.manual_seed(0)
    return RNNDecoder(V, D, hidden_size=Q, att_conf={"atype": kind, **ATT}, **conf).eval()


def batch(num_labels=6):
    return (
        torch.randn(2, 9, D),
        torch.tensor([5, 9]),
        torch.randint(1, V, (2, num_labels)),
        torch.tensor([4, num_labels]),
    )


@needs_shared
def test_keys_of_checkpoints():
    assert own_keys(RNNDecoder(11, 6, hidden_size=5)) == listed_keys("rnndec", "decoder.")
    heads = {"atype": "multi_head_loc", "aheads": 2, "adim": 4}
    assert own_keys(RNNDecoder(11, 6, hidden_size=5, att_conf=heads)) == listed_keys("rnndec mhl", "decoder.")


@torch.no_grad()
@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
@pytest.mark.parametrize("context_residual", [False, True])
def test_steps_equal_a_plain_computation(rnn_type, context_residual):
    """Attention by the first layer's last output, [label; context] through the layers, output: models.md 3.2."""
    decoder = build("dot", rnn_type=rnn_type, num_layers=2, context_residual=context_residual)
    encoded, lengths, ids, id_lengths = batch()
    logits, olens = decoder(encoded, lengths, ids, id_lengths)
    assert torch.equal(olens, id_lengths)
    att = decoder.att_list[0]
    for h, length, labels, num_labels, found in zip(encoded, lengths, ids, id_lengths, logits):
        h = h[:length]
        states = [(torch.zeros(Q), torch.zeros(Q)) for _ in range(2)]
        for label, logit in zip(labels[:num_labels], found):
            weights = (2.0 * att.mlp_enc(h).tanh() @ att.mlp_dec(states[0][0]).tanh()).softmax(0)
            context = weights @ h
            x = torch.cat([decoder.embed.weight[label], context])
            for number, cell in enumerate(decoder.decoder):
                states[number] = cell(x, states[number]) if rnn_type == "lstm" else (cell(x, states[number][0]),)
                x = states[number][0]
            x = torch.cat([x, context]) if context_residual else x
            torch.testing.assert_close(logit, decoder.output(x), atol=1e-5, rtol=1e-5)
        assert not found[num_labels:].any()


@torch.no_grad()
@pytest.mark.parametrize("kind", ATTENTIONS)
def test_scores_of_steps_equal_the_whole(kind):
    """Two utterances of unlike lengths with three hypotheses each, which change places, then one utterance alone."""
    decoder = build(kind, num_layers=2, rnn_type="gru" if kind == "add" else "lstm")
    encoded, lengths = torch.randn(2, 9, D), torch.tensor([5, 9])
    state = decoder.start(encoded, lengths)
    prefixes = torch.full((2, 1, 1), V - 1)
    for step in range(6):
        if step == 4:
            encoded, lengths, prefixes = encoded[1:], lengths[1:], prefixes[1:]
            state = decoder.keep(state, torch.tensor([1]))
        scores, state = decoder.score(prefixes, state)
        rows = prefixes.flatten(0, 1)
        per_utterance = prefixes.size(1)
        whole, _ = decoder(
            encoded.repeat_interleave(per_utterance, 0),
            lengths.repeat_interleave(per_utterance),
            rows,
            torch.full((len(rows),), step + 1),
        )
        torch.testing.assert_close(scores.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)
        parents = torch.randint(0, per_utterance, (len(prefixes), 3))
        tokens = torch.randint(1, V, (len(prefixes), 3))
        state = decoder.select(state, parents, tokens)
        kept = torch.stack([own[chosen] for own, chosen in zip(prefixes, parents)])
        prefixes = torch.cat([kept, tokens.unsqueeze(2)], 2)


@torch.no_grad()
@pytest.mark.parametrize("kind", ATTENTIONS)
def test_padding_changes_no_result(kind):
    decoder = build(kind)
    encoded, lengths, ids, id_lengths = batch()
    encoded[0, 5:] = 9.0
    together, _ = decoder(encoded, lengths, ids, id_lengths)
    alone, _ = decoder(encoded[:1, :5], lengths[:1], ids[:1, :4], id_lengths[:1])
    torch.testing.assert_close(together[:1, :4], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_every_parameter_learns(kind):
    decoder = build(kind, dropout=0.1).train()
    decoder(*batch())[0].square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in decoder.parameters())


def test_scheduled_sampling_reads_what_was_predicted():
    decoder = build(sampling_probability=1.0)
    with torch.no_grad():
        encoded, lengths, ids, id_lengths = batch()
        forced, _ = decoder(encoded, lengths, ids, id_lengths)
        sampled, _ = decoder.train()(encoded, lengths, ids, id_lengths)
        predicted = ids.clone()
        predicted[:, 1:] = sampled.argmax(-1)[:, :-1]
        again, _ = decoder.eval()(encoded, lengths, predicted, id_lengths)
    torch.testing.assert_close(sampled[1], again[1])
    torch.testing.assert_close(sampled[:, 0], forced[:, 0])
    assert not torch.allclose(sampled, forced)


@pytest.mark.parametrize(("kind", "heads"), [("location", 1), ("multi_head_dot", 2)])
def test_weights_are_kept_for_plots(kind, heads):
    decoder = build(kind)
    encoded, lengths, ids, id_lengths = batch()
    found = attention_weights(
        decoder, {"hs_pad": encoded, "hlens": lengths, "ys_in_pad": ids, "ys_in_lens": id_lengths}
    )
    assert list(found) == ["att_list.0"]
    weights = found["att_list.0"]
    assert weights.shape == (2, heads, 6, 9) and not weights[0, :, :, 5:].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, heads, 6))


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({"rnn_type": "rnn_tanh"}, "choose from lstm, gru"),
        ({"num_encs": 2}, "num_encs must be 1"),
        ({"replace_sos": True}, "replace_sos"),
    ],
)
def test_refusals(conf, message):
    with pytest.raises(InputError, match=message):
        build(**conf)

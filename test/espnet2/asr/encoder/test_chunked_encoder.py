"""The Conformer that is trained with chunks: streams equal the whole with the mask of the same chunks."""

import pytest
import torch

from espnet2.asr.encoder.conformer_encoder import ConformerEncoder
from espnet2.asr.encoder.multiconv_conformer_encoder import MultiConvConformerEncoder
from espnet2.utils.errors import InputError
from test.espnet2.layers.pieces import cut_at_random

F, D = 20, 16
SMALL = {"output_size": D, "attention_heads": 2, "linear_units": 24, "num_blocks": 2, "cnn_module_kernel": 5}
RELATIVE = {"rel_pos_type": "latest"}
ABSOLUTE = {"pos_enc_layer_type": "abs_pos", "selfattention_layer_type": "selfattn"}
KINDS = [
    RELATIVE,
    {**RELATIVE, "input_layer": "conv2d6", "macaron_style": True, "zero_triu": True, "max_pos_emb_len": 4},
    {**ABSOLUTE, "input_layer": "linear", "max_pos_emb_len": 4},
    {**ABSOLUTE, "pos_enc_layer_type": "scaled_abs_pos", "input_layer": "conv2d1", "normalize_before": False},
    {**RELATIVE, "input_layer": "conv2d8", "use_cnn_module": False, "concat_after": True},
]


def build(seed=0, **options):
    torch.manual_seed(seed)
    encoder = ConformerEncoder(F, **{**SMALL, "dynamic_chunk_training": True, **options}).eval()
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    return encoder


def whole(encoder, x):
    return encoder(x.unsqueeze(0), torch.tensor([len(x)]))[0][0]


@torch.no_grad()
@pytest.mark.parametrize("options", KINDS)
def test_a_stream_equals_the_whole_however_it_is_cut(options):
    """100 cases with the five kinds of encoder."""
    encoder = build(**options)
    generator = torch.Generator().manual_seed(0)
    for chunk_size, left in [(1, 4), (3, 0), (5, -1), (16, 1)]:
        encoder.decoding_chunk_size, encoder.num_decoding_left_chunks = chunk_size, left
        for length in (15, 30, 41, 80, 81):
            x = torch.randn(length, F, generator=generator)
            parts, state = [], None
            for piece, is_final in cut_at_random(x, generator):
                (ys,), (state,) = encoder.stream([piece], [state], [is_final])
                parts.append(ys)
            assert state is None
            torch.testing.assert_close(torch.cat(parts), whole(encoder, x), atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("options", KINDS[:3])
def test_streams_go_together_as_alone(options):
    encoder = build(**options)
    encoder.decoding_chunk_size, encoder.num_decoding_left_chunks = 3, 2
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        xs = [torch.randn(length, F, generator=generator) for length in (30, 60, 100)]
        pieces = [cut_at_random(x, generator) for x in xs]
        parts, states, rows = [[] for _ in xs], [None] * 3, [0]
        while rows:
            taken = {row: next(pieces[row]) for row in rows}
            encoded, after = encoder.stream(
                [x for x, _ in taken.values()], [states[row] for row in rows], [end for _, end in taken.values()]
            )
            for row, ys, state in zip(rows, encoded, after):
                parts[row].append(ys)
                states[row] = state if state is not None else "ended"
            open_rows = [row for row in range(3) if states[row] != "ended"]
            rows = [row for row in open_rows if torch.rand((), generator=generator) < 0.8] or open_rows[:1]
        for x, ys in zip(xs, parts):
            torch.testing.assert_close(torch.cat(ys), whole(encoder, x), atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_chunk_costs_the_same_however_long_the_stream():
    encoder = build(**ABSOLUTE, input_layer="linear", max_pos_emb_len=30)
    encoder.decoding_chunk_size, encoder.num_decoding_left_chunks = 4, 2
    state = None
    for _ in range(20):
        _, (state,) = encoder.stream([torch.randn(10, F)], [state], [False])
    assert state.num_frames == 200
    assert all(layer.keys.shape == layer.values.shape == (2, 8, 8) for layer in state.layers)
    assert len(encoder.embed[-1].pe) == 30


@torch.no_grad()
def test_by_default_the_whole_utterance_is_seen():
    encoder = build(**RELATIVE)
    ordinary = ConformerEncoder(F, **SMALL, **RELATIVE, causal=True).eval()
    ordinary.load_state_dict(encoder.state_dict())
    x = torch.randn(200, F)
    assert torch.equal(whole(encoder, x), whole(ordinary, x))
    assert (encoder.block_size, encoder.hop_size, encoder.look_ahead, encoder.subsample) == (16, 16, 0, 4)
    (streamed,), _ = encoder.stream([x], [None], [True])
    assert not torch.allclose(streamed, whole(encoder, x), atol=1e-3)
    encoder.decoding_chunk_size = 16
    torch.testing.assert_close(streamed, whole(encoder, x), atol=1e-5, rtol=0)


@torch.no_grad()
def test_static_chunks_hold_in_evaluation_too():
    encoder = build(**RELATIVE, dynamic_chunk_training=False, static_chunk_size=5, num_left_chunks=2)
    x = torch.randn(200, F)
    (streamed,), _ = encoder.stream([x], [None], [True])
    assert encoder.block_size == 5 and encoder.num_decoding_left_chunks == 2
    torch.testing.assert_close(streamed, whole(encoder, x), atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("decoding_chunk_size", [0, 4])
def test_padding_changes_no_result(decoding_chunk_size):
    """Unlike with the convolutions of the ordinary Conformer, which look beyond the end."""
    encoder = build(**RELATIVE, input_layer="linear")
    encoder.decoding_chunk_size = decoding_chunk_size
    xs = torch.randn(2, 40, F)
    together = encoder(xs, torch.tensor([40, 25]))[0]
    torch.testing.assert_close(together[1, :25], whole(encoder, xs[1, :25]), atol=1e-5, rtol=0)


@torch.no_grad()
def test_too_short_an_utterance_gives_nothing():
    encoder = build(**RELATIVE)
    (ys,), (state,) = encoder.stream([torch.randn(3, F)], [None], [True])
    assert ys.shape == (0, D) and state is None


def test_training_draws_chunks():
    encoder = build(**RELATIVE, dropout_rate=0.0, positional_dropout_rate=0.0).train()
    x = torch.randn(1, 200, F)
    outputs = [encoder(x, torch.tensor([200]))[0] for _ in range(8)]
    assert any(not torch.allclose(outputs[0], ys, atol=1e-4) for ys in outputs)


@pytest.mark.parametrize("options", [{"dynamic_chunk_training": True, "use_dynamic_left_chunk": True},
                                     {"dynamic_chunk_training": False, "static_chunk_size": 2, "num_left_chunks": 0}])  # fmt: skip
def test_gradients_flow_where_padding_sees_nothing(options):
    encoder = build(**RELATIVE, **options).train()
    for _ in range(4):
        encoder(torch.randn(3, 200, F), torch.tensor([200, 40, 9]))[0].square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())
    assert encoder.encoders[0].self_attn.linear_q.weight.grad.abs().max() > 0


def test_old_checkpoints_load_and_new_ones_have_the_same_keys():
    old = ConformerEncoder(F, **SMALL, **RELATIVE)
    build(**RELATIVE).load_state_dict(old.state_dict())
    assert not old.encoders[0].conv_module.causal and not old.chunks.has_chunks()


@pytest.mark.parametrize("encoder", [ConformerEncoder, MultiConvConformerEncoder])
def test_an_encoder_of_whole_utterances_does_not_stream(encoder):
    encoder = encoder(F, output_size=D, num_blocks=1, cgmlp_linear_units=16) if encoder is MultiConvConformerEncoder else (
        encoder(F, **SMALL)
    )  # fmt: skip
    with pytest.raises(InputError, match="was trained on whole utterances.*dynamic_chunk_training: true"):
        encoder.stream([torch.randn(30, F)], [None], [True])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs rel_pos_type: latest"),
        ({**RELATIVE, "causal": False}, "needs causal: true"),
        ({**RELATIVE, "positionwise_layer_type": "conv1d"}, "needs positionwise_layer_type: linear"),
        ({**ABSOLUTE, "pos_enc_layer_type": "conv"}, "needs pos_enc_layer_type: rel_pos"),
        ({**RELATIVE, "interctc_layer_idx": [1], "ctc_trim": True}, "needs ctc_trim: false"),
        ({**RELATIVE, "static_chunk_size": 4}, "not both"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)
    with pytest.raises(InputError, match="0 or more, but it is -1"):
        build(**RELATIVE).decoding_chunk_size = -1

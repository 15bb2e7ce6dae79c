"""Contextual-block encoders; ``test/espnet2/asr/test_parity.py`` compares them with ESPnet 202511."""

import random

import pytest
import torch

from espnet2.asr.encoder.contextual_block_encoder import (
    ContextualBlockConformerEncoder,
    ContextualBlockTransformerEncoder,
)
from espnet2.utils.errors import InputError

SMALL = {"output_size": 8, "attention_heads": 2, "linear_units": 12, "num_blocks": 2}
NO_DROPOUT = {"dropout_rate": 0.0, "positional_dropout_rate": 0.0}
INPUT_LAYERS = ("linear", "conv2d", "conv2d6", "conv2d8", "embed", None)
# block, hop, look-ahead; from a past part of nothing to one of many hops
SIZES = ((8, 4, 2), (8, 4, 4), (9, 2, 3), (6, 6, 0), (5, 1, 1), (1, 1, 0), (7, 3, 0))


def build(kind="conformer", seed=0, **options):
    torch.manual_seed(seed)
    options = {"block_size": 8, "hop_size": 4, "look_ahead": 2, "input_layer": "linear", **SMALL, **options}
    size = 8 if options["input_layer"] is None else 17
    if kind == "transformer":
        return ContextualBlockTransformerEncoder(size, **options).eval()
    encoder = ContextualBlockConformerEncoder(size, **{"macaron_style": True, "cnn_module_kernel": 5, **options}).eval()
    for layer in encoder.encoders:
        if layer.conv_module is not None:
            layer.conv_module.norm.running_mean.normal_(0, 0.3)
    return encoder


def features(encoder, num_frames):
    if isinstance(encoder.embed, torch.nn.Sequential) and len(encoder.embed) == 1:
        return torch.randint(0, 17, (num_frames,))  # embed
    size = 8 if isinstance(encoder.embed, torch.nn.Sequential) and not len(encoder.embed) else 17
    return torch.randn(num_frames, size)


@torch.no_grad()
def alone(encoder, x):
    return encoder(x.unsqueeze(0), torch.tensor([len(x)]))[0][0]


def pieces_of(x, draw):
    """Random pieces: none, single frames, many."""
    pieces, begin = [], 0
    scale = draw.choice([1, 4, 16, 64, 400])
    while begin < len(x):
        size = draw.randint(0, scale)
        pieces.append(x[begin : begin + size])
        begin += size
    return pieces + [x[:0]] * draw.randint(0, 1) or [x]


@torch.no_grad()
def stream(encoder, xs, draw):
    """Streams of different lengths together; those that are shorter end earlier."""
    pieces = [pieces_of(x, draw) for x in xs]
    outputs, states = [[] for _ in xs], [None for _ in xs]
    for step in range(max(map(len, pieces))):
        running = [i for i in range(len(xs)) if step < len(pieces[i])]
        finals = [step == len(pieces[i]) - 1 for i in running]
        ys, after = encoder.stream([pieces[i][step] for i in running], [states[i] for i in running], finals)
        for i, y, state, is_final in zip(running, ys, after, finals, strict=True):
            assert (state is None) == is_final
            outputs[i].append(y)
            states[i] = state
    return [torch.cat(output) for output in outputs]


@pytest.mark.parametrize("case", range(100))
def test_streams_in_any_pieces_equal_whole_utterances(case):
    draw = random.Random(case)
    sizes = dict(zip(("block_size", "hop_size", "look_ahead"), draw.choice(SIZES), strict=True))
    options = {name: draw.random() < 0.5 for name in ("init_average", "ctx_pos_enc", "legacy_padding")}
    encoder = build(
        draw.choice(["conformer", "transformer"]), case, input_layer=draw.choice(INPUT_LAYERS), **sizes, **options
    )
    lengths = [draw.randint(20, 60) * encoder.subsample // draw.choice([1, 1, 6]) for _ in range(draw.randint(1, 3))]
    xs = [features(encoder, max(length, 15)) for length in lengths]
    for x, ys in zip(xs, stream(encoder, xs, draw), strict=True):
        expected = alone(encoder, x)
        assert ys.shape == expected.shape and torch.allclose(ys, expected, atol=1e-5)


@pytest.mark.parametrize("num_frames", range(1, 24))
@pytest.mark.parametrize("legacy_padding", [True, False])
def test_every_length_frame_by_frame(num_frames, legacy_padding):
    """Ends everywhere: in a block, at its end, and where the last block turns out to be complete already."""
    encoder = build(legacy_padding=legacy_padding)
    x, state, outputs = torch.randn(num_frames, 17), [None], []
    with torch.no_grad():
        for t in range(num_frames):
            ys, state = encoder.stream([x[t : t + 1]], state, [False])
            outputs.append(ys[0])
        ys, _ = encoder.stream([x[:0]], state, [True])
    assert torch.allclose(torch.cat([*outputs, ys[0]]), alone(encoder, x), atol=1e-5)


@torch.no_grad()
def test_equals_the_method_block_by_block():
    """Tsunoo et al., 2019, section 3.2: without convolutions an end of a block that is not there can be left out."""
    encoder = build("transformer")
    x = torch.randn(21, 17)
    frames = encoder.embed(x.unsqueeze(0))
    with_positions, outputs, before = encoder.pos_enc(frames), [], None
    for block in range(5):  # 21 frames: (21 - 4) / 4, rounded up; the last block has 5 of 8 frames
        span = slice(4 * block, 4 * block + 8)
        summary = encoder.pos_enc(frames[:, span].mean(1, keepdim=True), block)
        slots = torch.cat([summary if before is None else before[0], with_positions[:, span], summary], 1)
        may_look = torch.ones(1, slots.size(1), slots.size(1), dtype=torch.bool)
        may_look[:, 0] = may_look[..., -1] = False
        below = [summary]
        for number, layer in enumerate(encoder.encoders):
            if number:
                slots = torch.cat([below[-1] if before is None else before[number], slots[:, 1:]], 1)
            slots = layer(slots, may_look)
            below.append(slots[:, -1:])
        before = below
        own = slots[0, 1:-1]
        outputs.append(own[0 if block == 0 else 2 : None if block == 4 else 6])
    assert torch.allclose(alone(encoder, x), encoder.after_norm(torch.cat(outputs)), atol=1e-5)


@torch.no_grad()
def test_frames_that_a_chunk_gives_out():
    """Interface notes, section 11, item 5."""
    encoder = build(input_layer="conv2d", block_size=40, hop_size=16, look_ahead=16)
    state, counts, blocks = [None], [], []
    sizes = (40, 100, 3, 200, 150, 24)
    for size in sizes:
        ys, state = encoder.stream([torch.randn(size, 17)], state, [len(counts) == len(sizes) - 1])
        counts.append(len(ys[0]))
        blocks.append(state[0] and state[0].num_blocks)
    assert counts == [0, 0, 0, 56, 48, 24] and blocks == [0, 0, 0, 3, 6, None]


@torch.no_grad()
@pytest.mark.parametrize("kind", ["conformer", "transformer"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"input_layer": "conv2d"},
        {"init_average": False},
        {"positionwise_layer_type": "conv1d", "positionwise_conv_kernel_size": 3},
        {"positionwise_layer_type": "conv1d-linear", "positionwise_conv_kernel_size": 3},
        {"normalize_before": False, "concat_after": True},
        {"block_size": 0},
    ],
)
def test_an_utterance_gives_the_same_in_every_batch(kind, options):
    encoder = build(kind, **options)
    lengths = torch.tensor([80, 57, 7 * encoder.subsample, 23, 8])
    xs = torch.randn(5, 80, 17)
    together, olens, _ = encoder(xs, lengths)
    for x, length, ys, olen in zip(xs, lengths, together, olens, strict=True):
        expected = alone(encoder, x[:length])
        assert len(expected) == olen and torch.allclose(ys[:olen], expected, atol=1e-5)


@torch.no_grad()
def test_what_is_too_short_for_the_input_layer_has_no_frames_beside_others():
    encoder = build(input_layer="conv2d")
    xs, lengths = torch.randn(2, 60, 17), torch.tensor([60, 5])
    ys, olens, _ = encoder(xs, lengths)
    assert olens.tolist() == [14, 0] and torch.allclose(ys[0], alone(encoder, xs[0]), atol=1e-5)


@torch.no_grad()
def test_legacy_padding_is_attended():
    """QUIRK of trained models: the zeros in a last block, and other utterances' padding, are seen."""
    old, new = build(legacy_padding=True), build()
    full, ragged = torch.randn(2 + 2 + 5 * 4, 17), torch.randn(23, 17)
    assert torch.allclose(alone(old, full), alone(new, full), atol=1e-6)  # the last block has no padding
    assert not torch.allclose(alone(old, ragged), alone(new, ragged), atol=1e-3)
    batch = torch.nn.utils.rnn.pad_sequence([full, ragged[:17]], batch_first=True)
    together, olens, _ = old(batch, torch.tensor([24, 17]))
    assert olens.tolist() == [24, 17] and together.shape == (2, 24, 8)
    assert torch.allclose(together[0], alone(old, full), atol=1e-5)
    assert not torch.allclose(together[1, :17], alone(old, ragged[:17]), atol=1e-3)


def test_training_reaches_every_parameter():
    encoder = build(**NO_DROPOUT).train()
    ys, _, _ = encoder(torch.randn(3, 40, 17), torch.tensor([40, 31, 5]))
    ys.square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


@torch.no_grad()
def test_a_stream_keeps_little_however_long_it_is():
    encoder = build(input_layer="conv2d", block_size=8, hop_size=4, look_ahead=2)
    table, state, sizes = encoder.pos_enc.pe.numel(), [None], []
    encoder.pos_enc.pe = encoder.pos_enc.pe[:50]
    for _ in range(40):
        _, state = encoder.stream([torch.randn(16, 17)], state, [False])
        kept = [state[0].subsampling.frames, state[0].frames, state[0].summaries, state[0].tail]
        sizes.append(sum(tensor.untyped_storage().nbytes() for tensor in kept if tensor is not None))
    assert max(sizes[20:]) <= max(sizes[4:20]) and state[0].num_blocks > 30
    assert len(encoder.pos_enc.pe) == 50 and table > 50  # positions beyond the table did not enlarge it


def test_keys_of_checkpoints():
    keys = set(build(input_layer="conv2d8").state_dict())
    layer = {key.removeprefix("encoders.0.").rsplit(".", 1)[0] for key in keys if key.startswith("encoders.0.")}
    assert {"embed.conv.4.weight", "embed.out.weight", "after_norm.weight"} <= keys and "embed.out.0.weight" not in keys
    assert {"norm1", "norm2", "norm_ff_macaron", "norm_conv", "norm_final"} <= layer
    assert not {name for name in layer if name in ("norm_mha", "norm_ff")}
    plain = {key.split(".")[2] for key in build("transformer").state_dict() if key.startswith("encoders.0.")}
    assert plain == {"self_attn", "feed_forward", "norm1", "norm2"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hop_size": 5, "look_ahead": 4}, "block_size 8 must be 0, or at least hop_size 5"),
        ({"hop_size": 0}, "hop_size 0"),
        ({"input_layer": "conv2d7"}, "unknown input_layer 'conv2d7'. Did you mean"),
        ({"input_layer": "conv2d1"}, "unknown input_layer 'conv2d1'"),
        ({"cnn_module_kernel": 4}, "must be odd"),
        ({"positionwise_layer_type": "conv"}, "positionwise_layer_type: conv is not known"),
        ({"input_layer": None, "output_size": 16}, "needs output_size 8"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)


def test_an_encoder_of_whole_utterances_refuses_to_stream():
    build().check_streaming()
    with pytest.raises(InputError, match="block_size 0"):
        build(block_size=0).check_streaming()

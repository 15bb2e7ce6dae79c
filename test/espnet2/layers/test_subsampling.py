"""Subsampling convolutions."""

import pytest
import torch

from espnet2.layers import subsampling
from espnet2.layers.mask import make_attention_mask
from espnet2.layers.subsampling import CONV1D_STAGES, CONV2D_STAGES, Conv1dSubsampling, Conv2dSubsampling
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError

# Frames of an utterance of 100, and of one of 50 in the same batch (interface notes, section 2.2).
FRAMES = {"conv2d1": (96, 50), "conv2d2": (47, 25), "conv2d": (24, 13), "conv2d6": (15, 9), "conv2d8": (11, 7)}
LEAST = {"conv2d1": 5, "conv2d2": 7, "conv2d": 7, "conv2d6": 11, "conv2d8": 15}
LEAST_1D = {"conv1d1": 5, "conv1d2": 5, "conv1d3": 7}


def build(name, size=4):
    if name in CONV2D_STAGES:
        return Conv2dSubsampling(name, 20, size, torch.nn.Identity()).eval()
    return Conv1dSubsampling(name, 20, size, torch.nn.Identity()).eval()


@pytest.mark.parametrize("name", FRAMES)
def test_lengths(name):
    ys, mask = build(name)(torch.randn(2, 100, 20), make_attention_mask([100, 50]))
    assert ys.shape == (2, FRAMES[name][0], 4) and mask.shape == (2, 1, FRAMES[name][0])
    assert tuple(mask.squeeze(1).sum(1).tolist()) == FRAMES[name]


@pytest.mark.parametrize("name", CONV1D_STAGES)
def test_lengths_1d(name):
    ys, mask = build(name)(torch.randn(2, 40, 20), make_attention_mask([40, 30]))
    assert ys.size(1) == mask.size(2) and ys.size(2) == 4


@pytest.mark.parametrize("name", CONV2D_STAGES)
def test_equals_plain_convolutions_with_a_channel_major_linear_map(name):
    layer = build(name)
    x = torch.randn(2, 30, 20)
    hidden = x.unsqueeze(1)
    for conv in layer.conv[::2]:
        hidden = conv(hidden).relu()
    linear = layer.out if name == "conv2d8" else layer.out[0]
    expected = linear(hidden.transpose(1, 2).reshape(2, hidden.size(2), -1))
    assert torch.allclose(layer(x, make_attention_mask([30, 30]))[0], expected, atol=1e-6)


def test_taking_a_few_utterances_at_a_time_changes_neither_result_nor_gradient(monkeypatch):
    layer = build("conv2d")
    x = torch.randn(5, 30, 20)
    mask = make_attention_mask([30] * 5)
    results = []
    for limit in (2**22, 2 * 4 * 14 * 9):
        monkeypatch.setattr(subsampling, "MAX_CPU_CHUNK_ELEMENTS", limit)
        layer.zero_grad()
        ys = layer(x, mask)[0]
        ys.square().sum().backward()
        results.append((ys.detach(), layer.conv[0].weight.grad.clone()))
    assert torch.allclose(results[0][0], results[1][0], atol=1e-6)
    assert torch.allclose(results[0][1], results[1][1], rtol=1e-4)


@pytest.mark.parametrize(("name", "least"), [*LEAST.items(), *LEAST_1D.items()])
def test_short_utterances_are_refused_with_the_frames_they_need(name, least):
    layer = build(name)
    assert layer(torch.randn(1, least, 20), make_attention_mask([least]))[0].size(1) == 1
    with pytest.raises(TooShortUttError, match=f"{name} needs at least {least} frames") as caught:
        layer(torch.randn(1, least - 1, 20), make_attention_mask([least - 1]))
    assert (caught.value.actual_size, caught.value.limit) == (least - 1, least)
    assert isinstance(caught.value, InputError)


def test_too_few_features_are_refused():
    with pytest.raises(InputError, match="at least 15 features"):
        Conv2dSubsampling("conv2d8", 14, 4, torch.nn.Identity())


def test_conv2d8_reads_the_keys_of_old_checkpoints():
    layer = build("conv2d8")
    state = layer.state_dict()
    old = {key.replace("out.", "out.0."): torch.zeros_like(value) for key, value in state.items()}
    layer.load_state_dict(old)
    assert layer.out.weight.abs().max() == 0

"""Learnt filters over windows of the waveform."""

import pytest
import torch

from espnet2.asr.frontend.sliding_window import SlidingWindow
from espnet2.asr.preencoder.sinc import ALIAS, FILTERS, LightweightSincConvs
from espnet2.layers.initialize import initialize
from espnet2.tasks.load import load_weights
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared


@pytest.fixture(scope="module")
def windows():
    torch.manual_seed(0)
    return SlidingWindow()(torch.randn(2, 1360), torch.tensor([1360, 720]))


@needs_shared
def test_keys_are_those_of_checkpoints():
    listed, is_ours = {}, False
    for line in (SHARED / "spec" / "model_keys.txt").read_text().splitlines():
        if line.startswith("#####"):
            is_ours = line == "##### sinc"
        elif is_ours:
            name, shape = line.strip().removeprefix("preencoder.").split(" ", 1)
            listed[name] = shape.split(") ")[0].rstrip() + (")" if ") " in shape else "")
    own = {key: str(tuple(value.shape)) for key, value in LightweightSincConvs().state_dict().items()}
    assert own == listed and len(own) == 42


def test_a_vector_of_each_window(windows):
    for options in ({}, {"activation_type": "relu", "dropout_type": "spatial", "windowing_type": "none", "fs": "8k"}):
        preencoder = LightweightSincConvs(out_channels=128, scale_type="bark", **options)
        ys, lengths = preencoder(*windows)
        assert ys.shape == (2, 7, 128) and preencoder.output_size() == 128
        assert lengths is windows[1]
        ys.sum().backward()
        assert all(parameter.grad is not None for parameter in preencoder.parameters())


def test_padding_changes_nothing(windows):
    preencoder = LightweightSincConvs().eval()
    together, _ = preencoder(*windows)
    alone, _ = preencoder(windows[0][1:, :3], windows[1][1:])
    assert torch.allclose(together[1, :3], alone[0], atol=1e-5)


def test_compression_and_pooling_follow_the_filters(windows):
    preencoder = LightweightSincConvs().eval()
    block = preencoder.blocks.SincConvBlock
    filtered = preencoder.filters(windows[0][0])  # (7, 128, 300)
    expected = torch.log(filtered.abs() + 1).view(7, 128, 150, 2).mean(-1) / (1 + block.BatchNorm.eps) ** 0.5
    assert torch.allclose(block(windows[0][0]), expected, atol=1e-5)
    stages = [tuple(preencoder.blocks[: n + 1](windows[0][0]).shape[1:]) for n in range(6)]
    assert stages == [(128, 150), (128, 31), (256, 23), (256, 15), (256, 7), (256, 1)]


def test_initialisation_leaves_the_filters_spread():
    preencoder = LightweightSincConvs()
    spread = preencoder.filters.f.clone()
    initialize(preencoder, "chainer")
    assert torch.equal(preencoder.filters.f, spread)
    norm = preencoder.blocks.DConvBlock3.batchnorm
    assert (norm.weight == 1).all() and (norm.bias == 0).all()


def test_a_file_may_name_the_filters_once_or_twice():
    source, target = LightweightSincConvs(), LightweightSincConvs()
    with torch.no_grad():
        source.filters.f.mul_(0.5)
    for dropped in ((), (FILTERS,), (ALIAS,)):
        state = {key: value for key, value in source.state_dict().items() if key not in dropped}
        target.filters.reset_parameters()
        load_weights(target, state, "a.pth")
        assert torch.equal(target.filters.f, source.filters.f)
    with pytest.raises(InputError, match="two sets of filters"):
        target.load_state_dict({**source.state_dict(), ALIAS: torch.zeros(128, 2)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 2}, "works on one channel"),
        ({"activation_type": "swish"}, "activation_type must be one of leakyrelu, relu, not swish"),
        ({"dropout_type": "no"}, "dropout_type must be one of"),
        ({"windowing_type": "hann"}, "windowing_type must be hamming or none"),
        ({"scale_type": "erb"}, "scale_type must be mel or bark"),
    ],
)
def test_refused_options(options, message):
    with pytest.raises(InputError, match=message):
        LightweightSincConvs(**options)


def test_refused_inputs():
    lengths = torch.tensor([2])
    with pytest.raises(InputError, match="needs frontend: sliding_window"):
        LightweightSincConvs()(torch.zeros(1, 2, 80), lengths)
    with pytest.raises(InputError, match="needs windows of 400 samples, not 512"):
        LightweightSincConvs()(torch.zeros(1, 2, 1, 512), lengths)

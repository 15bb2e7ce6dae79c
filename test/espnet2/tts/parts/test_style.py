"""Global style tokens."""

import math

import pytest
import torch

from espnet2.tts.parts.style import StyleEncoder, StyleOptions, StyleTokenLayer
from espnet2.utils.errors import InputError

OPTIONS = StyleOptions(3, 2, 2, [2, 4], 3, 2, 1, 5)


@torch.no_grad()
def test_mixture_of_tokens():
    """Wang et al. 2018, section 2.1: multi-head attention over the tanh of the tokens."""
    torch.manual_seed(0)
    layer = StyleTokenLayer(6, OPTIONS)
    reference = torch.randn(2, 5)
    tokens = layer.gst_embs.tanh()
    query, keys, values = layer.mha.linear_q(reference), layer.mha.linear_k(tokens), layer.mha.linear_v(tokens)
    heads = []
    for head in (slice(0, 3), slice(3, 6)):
        weights = (query[:, head] @ keys[:, head].t() / math.sqrt(3)).softmax(-1)
        heads.append(weights @ values[:, head])
    torch.testing.assert_close(layer(reference), layer.mha.linear_out(torch.cat(heads, 1)), atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_reference_encoder_reads_all_frames():
    torch.manual_seed(0)
    encoder = StyleEncoder(10, 8, OPTIONS).eval()
    frames = torch.randn(2, 20, 10)
    style = encoder(frames)
    assert style.shape == (2, 8)
    torch.testing.assert_close(encoder(frames[:1]), style[:1])
    for changed in (0, 19):
        other = frames.clone()
        other[:, changed] += 1
        assert (encoder.ref_enc(other) - encoder.ref_enc(frames)).abs().max() > 1e-4


def test_sizes_of_the_defaults():
    """80 features are halved (rounded up) six times."""
    encoder = StyleEncoder(80, 512, StyleOptions())
    assert encoder.ref_enc.gru.input_size == 128 * 2
    assert encoder.stl.gst_embs.shape == (10, 128)


def test_refusal():
    with pytest.raises(InputError, match="gst_conv_chans_list"):
        StyleOptions(gst_conv_layers=3)

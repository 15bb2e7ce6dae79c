"""Convolutions before a recurrent encoder; test_parity.py holds it against the reference."""

import pytest
import torch

from espnet2.asr.encoder.vgg_rnn_encoder import VGG2L, VGGRNNEncoder
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

SMALL = {"hidden_size": 4, "output_size": 6, "num_layers": 1}


@needs_shared
def test_keys_of_checkpoints():
    assert own_keys(VGGRNNEncoder(80, **SMALL, use_projection=False)) == listed_keys("vggrnn", "encoder.")


@pytest.mark.parametrize(("num_frames", "expected"), [(1, 1), (2, 1), (4, 1), (5, 2), (16, 4), (17, 5)])
@pytest.mark.parametrize("in_channel", [1, 3])
def test_lengths_and_sizes(num_frames, expected, in_channel):
    vgg = VGG2L(18, in_channel)
    ys, olens = vgg(torch.randn(1, num_frames, 18), torch.tensor([num_frames]))
    assert ys.shape == (1, expected, vgg.output_size)
    assert olens.tolist() == [expected]


@torch.no_grad()
def test_layout_of_channels():
    """Features lie channel after channel, before and after the convolutions."""
    vgg = VGG2L(18, 3)
    xs = torch.randn(1, 8, 3, 6)
    picture = xs.transpose(1, 2)
    for convolution in (vgg.conv1_1, vgg.conv1_2, None, vgg.conv2_1, vgg.conv2_2, None):
        if convolution is not None:
            picture = convolution(picture).relu()
        else:
            picture = torch.nn.functional.max_pool2d(picture, 2, 2, ceil_mode=True)
    expected = torch.cat([picture[:, channel] for channel in range(128)], -1)
    assert torch.allclose(vgg(xs.flatten(2), torch.tensor([8]))[0], expected)


@torch.no_grad()
def test_padding_is_seen_at_the_end_only():
    """QUIRK, told by the parity case: the convolutions see what earlier ones have made of the padding."""
    vgg = VGG2L(20, 1).eval()
    xs = torch.randn(2, 40, 20)
    together, olens = vgg(xs, torch.tensor([40, 24]))
    alone, _ = vgg(xs[1:, :24], torch.tensor([24]))
    assert olens.tolist() == [10, 6]
    assert torch.allclose(together[1, :4], alone[0, :4], atol=1e-5)
    assert not torch.allclose(together[1, 5], alone[0, 5], atol=1e-5)


def test_a_row_of_an_even_batch_equals_the_batch_of_one():
    encoder = VGGRNNEncoder(20, **SMALL).eval()
    xs = torch.randn(2, 16, 20)
    ys, olens, _ = encoder(xs, torch.tensor([16, 16]))
    alone, _, _ = encoder(xs[1:], torch.tensor([16]))
    assert olens.tolist() == [4, 4] and encoder.output_size() == 6
    torch.testing.assert_close(ys[1:], alone, atol=1e-5, rtol=1e-5)


def test_channels_that_do_not_divide_the_features_are_refused():
    with pytest.raises(InputError, match="in_channel 3 does not divide the 20 features"):
        VGGRNNEncoder(20, in_channel=3)

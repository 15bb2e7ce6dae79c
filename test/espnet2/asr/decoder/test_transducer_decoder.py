"""The prediction network."""

import pytest
import torch

from espnet2.asr.decoder.transducer_decoder import TransducerDecoder
from espnet2.utils.errors import InputError

V, H = 11, 5


@pytest.mark.parametrize(("rnn_type", "gates"), [("lstm", 4), ("gru", 3)])
def test_keys(rnn_type, gates):
    shapes = {key: tuple(value.shape) for key, value in TransducerDecoder(V, 0, rnn_type, 2, H).state_dict().items()}
    expected = {"embed.weight": (V, H)}
    for layer in (0, 1):
        name = f"decoder.{layer}."
        expected |= {f"{name}weight_ih_l0": (gates * H, H), f"{name}weight_hh_l0": (gates * H, H)}
        expected |= {f"{name}bias_ih_l0": (gates * H,), f"{name}bias_hh_l0": (gates * H,)}
    assert shapes == expected


@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
@torch.no_grad()
def test_steps_give_what_the_whole_sequence_gives(rnn_type):
    decoder = TransducerDecoder(V, 0, rnn_type, 2, H).eval()
    labels = torch.tensor([[0, 3, 4, 9], [0, 7, 7, 1]])
    whole = decoder(labels)
    states = decoder.start(2)
    for position in range(4):
        outputs, states = decoder.step(labels[:, position], states)
        assert torch.allclose(outputs, whole[:, position], atol=1e-6)


def test_blank_is_zero_and_stays_so():
    decoder = TransducerDecoder(V, 0, "lstm", 1, H)
    decoder(torch.tensor([[0, 3]])).sum().backward()
    assert decoder.embed.weight[0].abs().sum() == 0 and decoder.embed.weight.grad[0].abs().sum() == 0
    assert decoder.dunits == H


def test_unknown_kinds_are_refused():
    with pytest.raises(InputError, match="rnn_type"):
        TransducerDecoder(V, 0, "rnn_tanh")

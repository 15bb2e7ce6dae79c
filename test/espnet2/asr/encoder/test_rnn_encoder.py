"""Recurrent encoder; test_parity.py holds it against the reference."""

import pytest
import torch
import yaml

from espnet2.asr.encoder.rnn_encoder import RNNEncoder
from espnet2.tasks.asr import ASRTask
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import listed_keys, own_keys
from test.shared import needs_shared

SMALL = {"hidden_size": 4, "output_size": 6, "num_layers": 2}


@needs_shared
def test_keys_of_checkpoints():
    assert own_keys(RNNEncoder(20, **SMALL)) == listed_keys("rnn", "encoder.")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"bidirectional": False}, {"enc.0.rnn0", "enc.0.bt0", "enc.0.rnn1", "enc.0.bt1"}),
        ({"use_projection": False}, {"enc.0.nbrnn", "enc.0.l_last"}),
    ],
)
def test_names_of_the_parts(options, names):
    assert {key.rpartition(".")[0] for key in RNNEncoder(20, **SMALL, **options).state_dict()} == names


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [6, 8, 4]),
        ({"subsample": None}, [21, 30, 13]),
        ({"subsample": [2]}, [11, 15, 7]),
        ({"use_projection": False}, [21, 30, 13]),
    ],
)
def test_lengths_and_padding(options, expected):
    """Padding changes nothing, is 0 in the result, and the rows need no order."""
    encoder = RNNEncoder(20, **SMALL, **options).eval()
    xs, lengths = torch.randn(3, 33, 20), torch.tensor([21, 30, 13])
    ys, olens, _ = encoder(xs, lengths)
    assert olens.tolist() == expected and ys.shape == (3, max(expected), 6)
    for x, length, y, olen in zip(xs, lengths, ys, olens):
        alone, _, _ = encoder(x[None, :length], length[None])
        torch.testing.assert_close(y[:olen], alone[0], atol=1e-5, rtol=1e-5)
        assert not y[olen:].any()


def test_every_parameter_learns():
    encoder = RNNEncoder(20, rnn_type="gru", **SMALL)
    encoder(torch.randn(2, 16, 20), torch.tensor([16, 9]))[0].sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())


def test_unknown_type_is_refused():
    with pytest.raises(InputError, match="choose from lstm, gru"):
        RNNEncoder(20, rnn_type="LSTMP")


def test_it_is_what_a_recogniser_has_by_default(tmp_path, capsys):
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("<blank>\n<unk>\na\n<sos/eos>\n")
    args = ASRTask.get_parser().parse_args(["--token_list", str(tokens), "--decoder", "rnn"])
    model = ASRTask.build_model(args)
    assert isinstance(model.encoder, RNNEncoder) and model.decoder.embed.num_embeddings == 4
    ASRTask.main(cmd=["--print_config", "--decoder", "rnn"])
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["encoder"] == "rnn" and config["encoder_conf"]["subsample"] == [2, 2, 1, 1]
    assert config["decoder_conf"]["att_conf"]["atype"] == "location"

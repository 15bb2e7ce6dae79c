"""The table of attention mechanisms and their options."""

import pytest

from espnet2.layers.rnn_attention.build import ATTENTIONS, build_attention
from espnet2.utils.errors import InputError
from test.espnet2.asr.encoder.keys import own_keys

LOCATION = {"mlp_enc.weight", "mlp_enc.bias", "mlp_dec.weight", "gvec.weight", "gvec.bias", "loc_conv.weight"}
KEYS = {
    "noatt": set(),
    "dot": {"mlp_enc.weight", "mlp_enc.bias", "mlp_dec.weight", "mlp_dec.bias"},
    "add": LOCATION - {"loc_conv.weight"},
    "location": LOCATION | {"mlp_att.weight"},
    "location2d": LOCATION | {"mlp_att.weight"},
    "location_recurrent": LOCATION | {"att_lstm.weight_ih", "att_lstm.weight_hh"},
    "coverage": LOCATION - {"loc_conv.weight"} | {"wvec.weight", "wvec.bias"},
    "coverage_location": LOCATION | {"mlp_att.weight"},
}
HEADS = {"mlp_q.0.weight", "mlp_q.0.bias", "mlp_k.0.weight", "mlp_v.0.weight", "mlp_o.weight"}
KEYS["multi_head_dot"] = HEADS
KEYS["multi_head_add"] = HEADS | {"gvec.0.weight", "gvec.0.bias"}
KEYS["multi_head_loc"] = KEYS["multi_head_add"] | {"loc_conv.0.weight", "mlp_att.0.weight"}
KEYS["multi_head_multi_res_loc"] = KEYS["multi_head_loc"]


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_keys(kind):
    """Those of the table in models.md 3.2."""
    assert set(own_keys(build_attention({"atype": kind, "aheads": 1}, 5, 4))) == KEYS[kind]


def test_sizes():
    shapes = own_keys(build_attention({"atype": "location2d", "adim": 6, "awin": 3}, 5, 4))
    assert shapes["loc_conv.weight"] == (10, 1, 3, 201) and shapes["mlp_att.weight"] == (6, 10)
    heads = own_keys(build_attention({"atype": "multi_head_multi_res_loc", "aheads": 3, "aconv_filts": 10}, 5, 4))
    assert [heads[f"loc_conv.{head}.weight"][-1] for head in range(3)] == [7, 13, 21]
    assert heads["mlp_o.weight"] == (5, 3 * 320)


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({"atype": "locations"}, "unknown atype 'locations'. Did you mean 'location'"),
        ({"adims": 3}, "no option 'adims'. Did you mean 'adim'"),
        ({"num_att": 2}, "num_att must be 1"),
        ({"num_encs": 2}, "num_encs must be 1"),
        ({"han_mode": True}, "han_mode"),
    ],
)
def test_refusals(conf, message):
    with pytest.raises(InputError, match=message):
        build_attention(conf, 5, 4)

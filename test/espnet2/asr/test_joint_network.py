"""The joint network."""

import pytest
import torch

from espnet2.asr.joint_network import JointNetwork
from espnet2.utils.errors import InputError

V, D, H, J = 11, 8, 5, 7


def test_keys():
    shapes = {key: tuple(value.shape) for key, value in JointNetwork(V, D, H, J).state_dict().items()}
    assert shapes == {
        "lin_enc.weight": (J, D),
        "lin_enc.bias": (J,),
        "lin_dec.weight": (J, H),
        "lin_dec.bias": (J,),
        "lin_out.weight": (V, J),
        "lin_out.bias": (V,),
    }


def test_the_formula():
    joint = JointNetwork(V, D, H, J, joint_activation_type="relu")
    frames, labels = torch.randn(2, 4, D), torch.randn(2, 3, H)
    logits = joint(frames[:, :, None], labels[:, None])
    assert logits.shape == (2, 4, 3, V)
    one = joint.lin_out(torch.relu(joint.lin_enc(frames[1, 2]) + joint.lin_dec(labels[1, 0])))
    assert torch.allclose(logits[1, 2, 0], one, atol=1e-6)


def test_weights_of_old_releases_have_no_bias_there():
    old = JointNetwork(V, D, H, J, lin_dec_bias=False)
    assert "lin_dec.bias" not in old.state_dict()
    new = JointNetwork(V, D, H, J)
    assert new.load_state_dict(old.state_dict(), strict=False).missing_keys == []
    assert (new.lin_dec.bias == 0).all()
    frames, labels = torch.randn(1, 2, 1, D), torch.randn(1, 1, 3, H)
    assert torch.equal(old(frames, labels), new(frames, labels))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"joint_activation_type": "tan"}, "tanh"), ({"swish_bta": 1.0}, "swish_beta")],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        JointNetwork(V, D, H, J, **options)

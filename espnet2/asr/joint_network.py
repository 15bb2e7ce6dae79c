"""A transducer's joint network: from a frame and the labels so far to the next label, or blank.

Graves, Mohamed, Hinton, "Speech recognition with deep recurrent neural networks", 2013, section 2.2,
https://arxiv.org/abs/1303.5778
"""
# Shapes: B batch, T frames, U labels, D encoder size, H decoder size, J joint size, V vocabulary
from typing import Any

import torch
from torch import Tensor

from espnet2.config.registry import construct
from espnet2.layers.parametric_activation import ParametricActivation


class JointNetwork(torch.nn.Module):
    """``lin_out(activation(lin_enc(frame) + lin_dec(labels)))``, not normalised.

    Checkpoints of releases whose ``lin_dec`` had no bias lack ``lin_dec.bias``: there it is zero.

    Args:
        joint_vocab_size: V.
        encoder_size: D.
        decoder_size: H.
        joint_space_size: J.
        joint_activation_type: See ``espnet2.layers.parametric_activation``.
        lin_dec_bias: Whether ``lin_dec`` has a bias.
        **activation_parameters: The activation's parameters, see there.

    Raises:
        InputError: If the activation or a parameter is unknown.
    """

    def __init__(
        self,
        joint_vocab_size: int,
        encoder_size: int,
        decoder_size: int,
        joint_space_size: int = 256,
        joint_activation_type: str = "tanh",
        lin_dec_bias: bool = True,
        **activation_parameters: Any,
    ):
        super().__init__()
        self.lin_enc = torch.nn.Linear(encoder_size, joint_space_size)
        self.lin_dec = torch.nn.Linear(decoder_size, joint_space_size, bias=lin_dec_bias)
        self.lin_out = torch.nn.Linear(joint_space_size, joint_vocab_size)
        self.joint_activation = construct(
            ParametricActivation, activation_parameters, "joint_net_conf", name=joint_activation_type
        )
        self.lin_dec.register_load_state_dict_pre_hook(_zero_for_a_missing_bias)

    def forward(self, enc_out: Tensor, dec_out: Tensor) -> Tensor:
        """Logits of all combinations.

        Shapes:
            enc_out (B, T, 1, D), dec_out (B, 1, U, H) -> (B, T, U, V)
        """
        return self.join(self.lin_enc(enc_out), self.lin_dec(dec_out))

    def join(self, frames: Tensor, labels: Tensor) -> Tensor:
        """Logits from projections, which need to be made only once of each frame and each label sequence.

        Shapes:
            frames (..., J), labels (..., J), broadcast -> (..., V)
        """
        return self.lin_out(self.joint_activation(frames + labels))


def _zero_for_a_missing_bias(module: torch.nn.Module, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    weight, bias = state.get(f"{prefix}weight"), getattr(module, "bias", None)
    if weight is not None and bias is not None:
        state.setdefault(f"{prefix}bias", torch.zeros_like(bias))

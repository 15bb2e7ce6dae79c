"""A perceptron over channels whose one half, convolved over time, gates the other half (cgMLP).

Sakuma et al., "MLP-based architecture with variable length input for automatic speech recognition", 2022,
https://arxiv.org/abs/2202.08456; Peng et al., "Branchformer", 2022, https://arxiv.org/abs/2207.02971, section 3.3.
"""
# Shapes: B batch, T frames, D model size, U hidden units, C = U / 2 channels
from collections.abc import Callable

import torch
from torch import Tensor

from espnet2.layers.activation import get_activation
from espnet2.layers.dropout import Dropout
from espnet2.layers.layer_norm import LayerNorm
from espnet2.utils.errors import InputError


class ConvolutionalSpatialGatingUnit(torch.nn.Module):
    """``dropout(first half * gate(convolved second half))``.

    The frames of shorter utterances see the padding through the convolution. Trained models expect this.

    Args:
        channels: Channels C of each half.
        conv: Maps (B, C, T) to (B, C, T).
        dropout_rate: Dropout on the result.
        use_linear_after_conv: Have a linear map between convolution and gate.
        gate_activation: Activation of the gate, or ``identity``.

    Raises:
        InputError: If the activation is unknown.
    """

    def __init__(
        self,
        channels: int,
        conv: torch.nn.Module,
        dropout_rate: float,
        use_linear_after_conv: bool = False,
        gate_activation: str = "identity",
    ) -> None:
        super().__init__()
        self.norm = LayerNorm(channels)
        self.conv = conv
        self.linear = torch.nn.Linear(channels, channels) if use_linear_after_conv else None
        self.act = torch.nn.Identity() if gate_activation == "identity" else get_activation(gate_activation)
        self.dropout = Dropout(dropout_rate)

    def espnet_initialization_fn(self) -> None:
        """Start with a gate that is open everywhere, whatever ``init`` says."""
        parts = [self.conv] if self.linear is None else [self.conv, self.linear]
        for parameter in (parameter for part in parts for parameter in part.parameters()):
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=1e-6)
            else:
                torch.nn.init.ones_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Gate.

        Shapes:
            x (B, T, U) -> (B, T, C)
        """
        kept, gate = x.chunk(2, dim=-1)
        gate = self.conv(self.norm(gate).transpose(1, 2)).transpose(1, 2)
        if self.linear is not None:
            gate = self.linear(gate)
        return self.dropout(kept * self.act(gate))


class ConvolutionalGatingMLP(torch.nn.Module):
    """Linear, GELU, gating unit, linear.

    Args:
        size: Model size D.
        linear_units: Hidden size U (even).
        make_conv: Makes the gate's convolution for so many channels.
        dropout_rate: Dropout after the gate.
        use_linear_after_conv: Have a linear map between convolution and gate.
        gate_activation: Activation of the gate, or ``identity``.

    Raises:
        InputError: If the hidden size is odd, or the activation is unknown.
    """

    def __init__(
        self,
        size: int,
        linear_units: int,
        make_conv: Callable[[int], torch.nn.Module],
        dropout_rate: float,
        use_linear_after_conv: bool = False,
        gate_activation: str = "identity",
    ) -> None:
        super().__init__()
        if linear_units % 2:
            raise InputError(f"encoder_conf: cgmlp_linear_units must be even, but it is {linear_units}")
        channels = linear_units // 2
        self.channel_proj1 = torch.nn.Sequential(torch.nn.Linear(size, linear_units), torch.nn.GELU())
        self.csgu = ConvolutionalSpatialGatingUnit(
            channels, make_conv(channels), dropout_rate, use_linear_after_conv, gate_activation
        )
        self.channel_proj2 = torch.nn.Linear(channels, size)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the perceptron.

        Shapes:
            x (B, T, D) -> (B, T, D)
        """
        return self.channel_proj2(self.csgu(self.channel_proj1(x)))

"""Position-wise feed-forward networks: two linear maps, two convolutions over time, or one of each.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.3;
Ren et al., "FastSpeech", 2019, https://arxiv.org/abs/1905.09263, section 3.1 (the convolutions).
"""
# Shapes: B batch, T frames, D model size, U hidden units
import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.utils.errors import InputError


class PositionwiseFeedForward(torch.nn.Module):
    """Linear, activation, dropout, linear.

    Args:
        idim: Model size D.
        hidden_units: Hidden size U.
        dropout_rate: Dropout on the hidden layer.
        activation: Activation; ReLU when None.

    Shapes:
        x (B, T, D) -> (B, T, D)
    """

    def __init__(
        self, idim: int, hidden_units: int, dropout_rate: float, activation: torch.nn.Module | None = None
    ) -> None:
        super().__init__()
        self.w_1 = torch.nn.Linear(idim, hidden_units)
        self.w_2 = torch.nn.Linear(hidden_units, idim)
        self.dropout = Dropout(dropout_rate)
        self.activation = activation or torch.nn.ReLU()

    def forward(self, x: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """Apply both layers; frames do not see one another, so padding needs no mask."""
        return self.w_2(self.dropout(self.activation(self.w_1(x))))


class MultiLayeredConv1d(torch.nn.Module):
    """Convolution over time, ReLU, dropout, convolution over time.

    Args:
        in_chans: Model size D.
        hidden_chans: Hidden size U.
        kernel_size: Taps (odd).
        dropout_rate: Dropout on the hidden layer.

    Shapes:
        x (B, T, D) -> (B, T, D)
    """

    def __init__(self, in_chans: int, hidden_chans: int, kernel_size: int, dropout_rate: float) -> None:
        super().__init__()
        padding = (kernel_size - 1) // 2
        self.w_1 = torch.nn.Conv1d(in_chans, hidden_chans, kernel_size, padding=padding)
        self.w_2 = torch.nn.Conv1d(hidden_chans, in_chans, kernel_size, padding=padding)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """Apply both layers; where ``pad_mask`` (B, T) is True they see zeros, as beyond the ends."""
        hidden = self.dropout(self.w_1(_zeroed(x.transpose(1, 2), pad_mask)).relu())
        return self.w_2(_zeroed(hidden, pad_mask)).transpose(1, 2)


class Conv1dLinear(torch.nn.Module):
    """Convolution over time, ReLU, dropout, linear.

    Args:
        in_chans: Model size D.
        hidden_chans: Hidden size U.
        kernel_size: Taps (odd).
        dropout_rate: Dropout on the hidden layer.

    Shapes:
        x (B, T, D) -> (B, T, D)
    """

    def __init__(self, in_chans: int, hidden_chans: int, kernel_size: int, dropout_rate: float) -> None:
        super().__init__()
        self.w_1 = torch.nn.Conv1d(in_chans, hidden_chans, kernel_size, padding=(kernel_size - 1) // 2)
        self.w_2 = torch.nn.Linear(hidden_chans, in_chans)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """Apply both layers; where ``pad_mask`` (B, T) is True the convolution sees zeros, as beyond the ends."""
        return self.w_2(self.dropout(self.w_1(_zeroed(x.transpose(1, 2), pad_mask)).relu().transpose(1, 2)))


def _zeroed(x: Tensor, pad_mask: Tensor | None) -> Tensor:
    """Shapes: x (B, C, T), pad_mask (B, T) -> (B, C, T)."""
    return x if pad_mask is None else x.masked_fill(pad_mask.unsqueeze(1), 0.0)


def build_feed_forward(
    layer_type: str, size: int, hidden_units: int, kernel_size: int, dropout_rate: float, activation: torch.nn.Module
) -> torch.nn.Module:
    """Make the network named by ``positionwise_layer_type``; the convolutional ones always use ReLU.

    Raises:
        InputError: If the name is unknown.
    """
    if layer_type == "linear":
        return PositionwiseFeedForward(size, hidden_units, dropout_rate, activation)
    if layer_type == "conv1d":
        return MultiLayeredConv1d(size, hidden_units, kernel_size, dropout_rate)
    if layer_type == "conv1d-linear":
        return Conv1dLinear(size, hidden_units, kernel_size, dropout_rate)
    raise InputError(f"positionwise_layer_type: {layer_type} is not known; choose linear, conv1d or conv1d-linear")

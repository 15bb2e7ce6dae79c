"""The convolution module of the Conformer.

Gulati et al., "Conformer", 2020, https://arxiv.org/abs/2005.08100, section 2.2.
"""
# Shapes: B batch, T frames, D model size
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError


class ConvolutionModule(torch.nn.Module):
    """Pointwise convolution, gated linear unit, depthwise convolution, batch norm, activation, pointwise convolution.

    The frames of shorter utterances see the padding through the depthwise convolution, and the padding counts in the
    statistics of the batch norm. Trained models expect this.

    Args:
        channels: Model size D.
        kernel_size: Taps of the depthwise convolution (odd).
        activation: Activation; ReLU when None.

    Raises:
        InputError: If the kernel size is even.
    """

    def __init__(self, channels: int, kernel_size: int, activation: torch.nn.Module | None = None) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise InputError(f"encoder_conf: cnn_module_kernel must be odd, but it is {kernel_size}")
        self.pointwise_conv1 = torch.nn.Conv1d(channels, 2 * channels, 1)
        self.depthwise_conv = torch.nn.Conv1d(
            channels, channels, kernel_size, padding=(kernel_size - 1) // 2, groups=channels
        )
        self.norm = torch.nn.BatchNorm1d(channels)
        self.pointwise_conv2 = torch.nn.Conv1d(channels, channels, 1)
        self.activation = activation or torch.nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module.

        Shapes:
            x (B, T, D) -> (B, T, D)
        """
        x = x.transpose(1, 2)
        x = F.glu(self.pointwise_conv1(x), dim=1)
        x = self.activation(self.norm(self.depthwise_conv(x)))
        return self.pointwise_conv2(x).transpose(1, 2)

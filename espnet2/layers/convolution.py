"""The convolution module of the Conformer.

Gulati et al., "Conformer", 2020, https://arxiv.org/abs/2005.08100, section 2.2.
"""
# Shapes: B batch, T frames, K frames kept, C channels, D model size
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError


def depthwise_conv(channels: int, kernel_size: int, option: str, groups: int | None = None) -> torch.nn.Conv1d:
    """A convolution over time that keeps the number of frames and joins no channels.

    Args:
        channels: Channels C that come in.
        kernel_size: Taps (odd).
        option: The option that says them, for the message.
        groups: Join channels within so many groups, to one each; C when None.

    Raises:
        InputError: If the kernel size is even.

    Shapes:
        of what it does: (B, C, T) -> (B, groups, T)
    """
    if kernel_size % 2 == 0:
        raise InputError(f"encoder_conf: {option} must be odd, but it is {kernel_size}")
    groups = groups or channels
    return torch.nn.Conv1d(channels, groups, kernel_size, padding=(kernel_size - 1) // 2, groups=groups)


class ConvolutionModule(torch.nn.Module):
    """Pointwise convolution, gated linear unit, depthwise convolution, batch norm, activation, pointwise convolution.

    The frames of shorter utterances see the padding through the depthwise convolution, and the padding counts in the
    statistics of the batch norm. Trained models expect this.

    Args:
        channels: Model size D.
        kernel_size: Taps of the depthwise convolution (odd).
        activation: Activation; ReLU when None.
        causal: See no later frames: put all of the padding before the first.

    Raises:
        InputError: If the kernel size is even.
    """

    def __init__(
        self, channels: int, kernel_size: int, activation: torch.nn.Module | None = None, causal: bool = False
    ) -> None:
        super().__init__()
        self.pointwise_conv1 = torch.nn.Conv1d(channels, 2 * channels, 1)
        self.depthwise_conv = depthwise_conv(channels, kernel_size, "cnn_module_kernel")
        self.causal = causal
        if causal:
            self.depthwise_conv.padding = (0,)
        self.norm = torch.nn.BatchNorm1d(channels)
        self.pointwise_conv2 = torch.nn.Conv1d(channels, channels, 1)
        self.activation = activation or torch.nn.ReLU()

    def forward(self, x: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """Apply the module.

        Args:
            x: The frames.
            pad_mask: True where the depthwise convolution is to see zeros, as beyond the ends.

        Shapes:
            x (B, T, D), pad_mask (B, T) -> (B, T, D)
        """
        gated = self._begin(x)
        if pad_mask is not None:
            gated = gated.masked_fill(pad_mask.unsqueeze(1), 0.0)
        return self._finish(F.pad(gated, (self.num_kept, 0)) if self.causal else gated)

    @property
    def num_kept(self) -> int:
        """Frames K before a frame that the causal convolution sees."""
        return self.depthwise_conv.kernel_size[0] - 1

    def stream(self, x: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the causal module to the next frames.

        Args:
            x: The frames.
            kept: From the call before; zeros at the start.

        Shapes:
            x (B, T, D), kept (B, D, K) -> (B, T, D), (B, D, K)
        """
        x = torch.cat([kept, self._begin(x)], dim=2)
        return self._finish(x), x[..., x.size(2) - self.num_kept :]

    def _begin(self, x: Tensor) -> Tensor:
        return F.glu(self.pointwise_conv1(x.transpose(1, 2)), dim=1)  # (B, D, T)

    def _finish(self, x: Tensor) -> Tensor:
        x = self.activation(self.norm(self.depthwise_conv(x)))
        return self.pointwise_conv2(x).transpose(1, 2)

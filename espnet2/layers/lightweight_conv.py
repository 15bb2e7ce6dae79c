"""Lightweight convolution: a causal depthwise convolution whose few kernels are shared by many channels.

Wu et al., "Pay Less Attention with Lightweight and Dynamic Convolutions", 2019, https://arxiv.org/abs/1901.10430,
section 3. The input goes through a gated linear unit, the convolution and a linear layer. A stored kernel has K taps
around the present label, of which those on the future are masked: K // 2 labels before it and itself are seen.
"""
# Shapes: B batch, L labels, D model size, H kernels, K taps, R = K // 2 labels seen before the present one
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError


class GatedConvolution(torch.nn.Module, ABC):
    """What lightweight and dynamic convolutions share: gated linear unit before, linear layer after.

    Args:
        wshare: Number of kernels H; each serves D / H channels.
        n_feat: Model size D, a multiple of H.
        dropout_rate: Dropout on the normalised kernels.
        kernel_size: Taps K (odd).
        use_bias: Add a bias to the convolution over time.

    Attributes:
        reach: R, how many labels before the present one are seen.
        num_branches: Parts of size D that ``mix`` joins.

    Raises:
        InputError: If the kernel is even or D is not a multiple of H.
    """

    num_branches = 1

    def __init__(self, wshare: int, n_feat: int, dropout_rate: float, kernel_size: int, use_bias: bool = False):
        super().__init__()
        if kernel_size % 2 == 0:
            raise InputError(f"decoder_conf: the numbers in conv_kernel_length must be odd, but one is {kernel_size}")
        if n_feat % wshare:
            raise InputError(f"decoder_conf: the model size {n_feat} is not a multiple of conv_wshare {wshare}")
        self.wshare = wshare
        self.dropout_rate = dropout_rate
        self.reach = kernel_size // 2
        self.linear1 = torch.nn.Linear(n_feat, 2 * n_feat)
        self.linear2 = torch.nn.Linear(self.num_branches * n_feat, n_feat)
        self.bias = torch.nn.Parameter(torch.zeros(n_feat)) if use_bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Convolve whole sequences.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        return self.convolve(F.pad(self.gate(x), (0, 0, self.reach, 0)))

    def gate(self, x: Tensor) -> Tensor:
        """What comes before the convolution; a decoder may keep it between steps.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        return F.glu(self.linear1(x), -1)

    def convolve(self, gated: Tensor) -> Tensor:
        """The convolution and what comes after it.

        Args:
            gated: Gated labels, after R earlier ones (zeros before the first).

        Shapes:
            gated (B, R + L, D) -> (B, L, D)
        """
        return self.linear2(self.mix(gated))

    @abstractmethod
    def mix(self, gated: Tensor) -> Tensor:
        """The convolution itself; another kernel's or axis' result is another part of the last axis.

        Shapes:
            gated (B, R + L, D) -> (B, L, num_branches * D)
        """

    def _causal_kernel(self, taps: Tensor) -> Tensor:
        """Softmax over the taps that are not masked: (..., K) -> (..., R + 1)."""
        return self._kernel(taps[..., : self.reach + 1])

    def _kernel(self, taps: Tensor) -> Tensor:
        return F.dropout(taps.softmax(-1), self.dropout_rate, self.training)

    def _add_bias(self, x: Tensor) -> Tensor:
        return x if self.bias is None else x + self.bias


class LightweightConvolution(GatedConvolution):
    """The same kernels at every label.

    Kernel h serves the channels h, h + H, h + 2 H, ...: the stored shape is that of a convolution over H channels, into
    which the D channels are folded.
    """

    def __init__(self, wshare: int, n_feat: int, dropout_rate: float, kernel_size: int, use_bias: bool = False):
        super().__init__(wshare, n_feat, dropout_rate, kernel_size, use_bias)
        self.weight = torch.nn.Parameter(torch.rand(wshare, 1, kernel_size))

    def mix(self, gated: Tensor) -> Tensor:
        """Convolve over time.

        Shapes:
            gated (B, R + L, D) -> (B, L, D)
        """
        folded = gated.transpose(1, 2).reshape(-1, self.wshare, gated.size(1))  # (B * D / H, H, R + L)
        y = F.conv1d(folded, self._causal_kernel(self.weight), groups=self.wshare)
        return self._add_bias(y.reshape(len(gated), gated.size(2), -1).transpose(1, 2))


class LightweightConvolution2d(LightweightConvolution):
    """Beside it, one kernel over the channels of each label; both results are joined."""

    num_branches = 2

    def __init__(self, wshare: int, n_feat: int, dropout_rate: float, kernel_size: int, use_bias: bool = False):
        super().__init__(wshare, n_feat, dropout_rate, kernel_size, use_bias)
        self.weight_f = torch.nn.Parameter(torch.rand(1, 1, kernel_size))

    def mix(self, gated: Tensor) -> Tensor:
        """Convolve over time and over channels.

        Shapes:
            gated (B, R + L, D) -> (B, L, 2 D)
        """
        over_channels = convolve_channels(gated[:, self.reach :], self._kernel(self.weight_f))
        return torch.cat([super().mix(gated), over_channels], -1)


def convolve_channels(x: Tensor, kernel: Tensor) -> Tensor:
    """Convolve along the last axis, with zeros beyond its ends.

    Args:
        x: Labels.
        kernel: One for all labels, or one for each.

    Shapes:
        x (B, L, D), kernel (1, 1, K) or (B, L, K) -> (B, L, D)
    """
    num_taps = kernel.size(-1)
    windows = F.pad(x, (num_taps // 2, num_taps // 2)).unfold(-1, num_taps, 1)  # (B, L, D, K)
    return (windows @ kernel.unsqueeze(-1)).squeeze(-1)

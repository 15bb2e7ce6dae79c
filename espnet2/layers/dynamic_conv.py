"""Dynamic convolution: a causal depthwise convolution whose kernels are predicted from the present label.

Wu et al., "Pay Less Attention with Lightweight and Dynamic Convolutions", 2019, https://arxiv.org/abs/1901.10430,
section 4. The rest is as in ``lightweight_conv.py``.
"""
# Shapes: B batch, L labels, D model size, H kernels, K taps, R = K // 2 labels seen before the present one
import torch
from torch import Tensor

from espnet2.layers.lightweight_conv import GatedConvolution, convolve_channels


class DynamicConvolution(GatedConvolution):
    """H kernels for each label; kernel h serves the h-th run of D / H channels."""

    def __init__(self, wshare: int, n_feat: int, dropout_rate: float, kernel_size: int, use_bias: bool = False):
        super().__init__(wshare, n_feat, dropout_rate, kernel_size, use_bias)
        self.linear_weight = torch.nn.Linear(n_feat, wshare * kernel_size)

    def mix(self, gated: Tensor) -> Tensor:
        """Convolve over time.

        Shapes:
            gated (B, R + L, D) -> (B, L, D)
        """
        taps = self.linear_weight(gated[:, self.reach :]).unflatten(-1, (self.wshare, -1))  # (B, L, H, K)
        kernel = self._causal_kernel(taps).unsqueeze(-1)  # (B, L, H, R + 1, 1)
        windows = gated.unfold(1, self.reach + 1, 1)  # (B, L, D, R + 1)
        y = windows.unflatten(2, (self.wshare, -1)) @ kernel  # (B, L, H, D / H, 1)
        return self._add_bias(y.flatten(2))


class DynamicConvolution2d(DynamicConvolution):
    """Beside it, one kernel over the channels of each label, predicted too; both results are joined."""

    num_branches = 2

    def __init__(self, wshare: int, n_feat: int, dropout_rate: float, kernel_size: int, use_bias: bool = False):
        super().__init__(wshare, n_feat, dropout_rate, kernel_size, use_bias)
        self.linear_weight_f = torch.nn.Linear(n_feat, kernel_size)

    def mix(self, gated: Tensor) -> Tensor:
        """Convolve over time and over channels.

        Shapes:
            gated (B, R + L, D) -> (B, L, 2 D)
        """
        present = gated[:, self.reach :]
        over_channels = convolve_channels(present, self._kernel(self.linear_weight_f(present)))
        return torch.cat([super().mix(gated), over_channels], -1)

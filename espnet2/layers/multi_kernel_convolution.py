"""Convolutions over time with several kernel sizes side by side.

Prabhu et al., "Multi-Convformer: Extending Conformer with Multiple Convolution Kernels", 2024,
https://arxiv.org/abs/2407.03718: within the gate of a convolutional gating perceptron, narrow and wide kernels see the
same frames, and what they give is fused.
"""
# Shapes: B batch, T frames, C channels, M kernels
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.layers.convolution import depthwise_conv
from espnet2.utils.errors import InputError

FUSIONS = ("sum", "weighted_sum", "concat", "concat_fusion")


class MultiKernelConvolution(torch.nn.Module):
    """Several convolutions, fused into as many channels as came in.

    Args:
        channels: Channels C; for the concatenating fusions a multiple of M.
        kernel_sizes: Taps of each convolution (odd).
        fusion: ``sum`` or ``weighted_sum`` of M depthwise convolutions, the latter with weights that each frame
            computes from all of them; ``concat`` of M grouped ones with C / M channels each; ``concat_fusion``, which
            adds a depthwise convolution of that.
        fusion_kernel: Taps of the latter (odd).
        activation: Follows each of the M convolutions; None for none.

    Raises:
        InputError: If the fusion is unknown, a kernel size is even, or the channels cannot be shared out.
    """

    def __init__(
        self,
        channels: int,
        kernel_sizes: Sequence[int],
        fusion: str = "concat_fusion",
        fusion_kernel: int = 31,
        activation: torch.nn.Module | None = None,
    ) -> None:
        super().__init__()
        if fusion not in FUSIONS:
            raise InputError(f"encoder_conf: unknown multicgmlp_type '{fusion}'; choose from {', '.join(FUSIONS)}")
        num_kernels = len(kernel_sizes)
        self.is_concat = fusion.startswith("concat")
        if self.is_concat and channels % num_kernels:
            raise InputError(
                f"encoder_conf: half of cgmlp_linear_units, {channels}, must be a multiple of the number of"
                f" multicgmlp_kernel_sizes, {num_kernels}, for multicgmlp_type {fusion}"
            )
        groups = channels // num_kernels if self.is_concat else channels
        self.convs = torch.nn.ModuleList(
            depthwise_conv(channels, size, "each of multicgmlp_kernel_sizes", groups) for size in kernel_sizes
        )
        self.activation = activation or torch.nn.Identity()
        self.weight_proj = torch.nn.Linear(num_kernels * channels, num_kernels) if fusion == "weighted_sum" else None
        self.fusion_conv = None
        if fusion == "concat_fusion":
            self.fusion_conv = depthwise_conv(channels, fusion_kernel, "multicgmlp_merge_conv_kernel")

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and fuse.

        Shapes:
            x (B, C, T) -> (B, C, T)
        """
        ys = [self.activation(conv(x)) for conv in self.convs]  # M of (B, C, T), or of (B, C / M, T)
        if self.is_concat:
            joined = torch.cat(ys, dim=1)
            return joined if self.fusion_conv is None else joined + self.fusion_conv(joined)
        if self.weight_proj is None:
            return torch.stack(ys).sum(0)
        weights = self.weight_proj(torch.cat(ys, dim=1).transpose(1, 2)).softmax(-1)  # (B, T, M)
        return torch.einsum("mbct,btm->bct", torch.stack(ys), weights)

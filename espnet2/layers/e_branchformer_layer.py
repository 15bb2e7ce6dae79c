"""One layer of an E-Branchformer encoder.

Kim et al., "E-Branchformer: Branchformer with Enhanced Merging for Speech Recognition", 2022,
https://arxiv.org/abs/2210.00077, section 3.
"""
# Shapes: B batch, T frames, R distances, D model size
import torch
from torch import Tensor

from espnet2.layers.branchformer_layer import TwoBranchLayer
from espnet2.layers.convolution import depthwise_conv
from espnet2.layers.layer_norm import LayerNorm


class EBranchformerLayer(TwoBranchLayer):
    """Two branches, merged with a depthwise convolution, between two halves of a feed-forward network if wanted.

    Args:
        size: Model size D.
        attn: Attention.
        cgmlp: Convolutional gating perceptron.
        feed_forward: Network after the branches, or None.
        feed_forward_macaron: Network before them, or None; with it both count half.
        dropout_rate: Dropout on each branch and network, and on what the branches give together.
        merge_conv_kernel: Taps of the merging convolution (odd).

    Raises:
        InputError: If the kernel size is even.
    """

    def __init__(
        self,
        size: int,
        attn: torch.nn.Module,
        cgmlp: torch.nn.Module,
        feed_forward: torch.nn.Module | None,
        feed_forward_macaron: torch.nn.Module | None,
        dropout_rate: float,
        merge_conv_kernel: int = 3,
    ) -> None:
        super().__init__(size, attn, cgmlp, dropout_rate)
        self.feed_forward = feed_forward
        if feed_forward is not None:
            self.norm_ff = LayerNorm(size)
        self.feed_forward_macaron = feed_forward_macaron
        if feed_forward_macaron is not None:
            self.norm_ff_macaron = LayerNorm(size)
        self.ff_scale = 1.0 if feed_forward_macaron is None else 0.5
        self.depthwise_conv_fusion = depthwise_conv(2 * size, merge_conv_kernel, "merge_conv_kernel")
        self.merge_proj = torch.nn.Linear(2 * size, size)

    def forward(self, x: Tensor, mask: Tensor | None, pos_emb: Tensor | None = None) -> Tensor:
        """Apply the layer.

        Shapes:
            x (B, T, D), mask (B, 1, T), pos_emb (1, R, D) -> (B, T, D)
        """
        if self.feed_forward_macaron is not None:
            y = self.feed_forward_macaron(self.norm_ff_macaron(x))
            x = torch.add(x, self.dropout(y), alpha=self.ff_scale)
        both = torch.cat(self._branches(x, mask, pos_emb), dim=-1)  # (B, T, 2D)
        fused = self.depthwise_conv_fusion(both.transpose(1, 2)).transpose(1, 2)
        x = x + self.dropout(self.merge_proj(both + fused))
        if self.feed_forward is not None:
            x = torch.add(x, self.dropout(self.feed_forward(self.norm_ff(x))), alpha=self.ff_scale)
        return self.norm_final(x)

"""One layer of a Branchformer encoder, and what it shares with that of an E-Branchformer.

Peng et al., "Branchformer: Parallel MLP-Attention Architectures to Capture Local and Global Context for Speech
Recognition and Understanding", 2022, https://arxiv.org/abs/2207.02971, section 3.
"""
# Shapes: B batch, T frames, R distances, D model size
import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.layers.fast_self_attention import FastSelfAttention, pool_frames
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.transformer_layer import skip_layer
from espnet2.utils.errors import InputError

MERGE_METHODS = ("concat", "learned_ave", "fixed_ave")


class TwoBranchLayer(torch.nn.Module):
    """Self-attention for the whole utterance beside a gated convolution for what is near.

    Args:
        size: Model size D.
        attn: Attention, with or without relative positions; None for no such branch.
        cgmlp: Convolutional gating perceptron; None for no such branch.
        dropout_rate: Dropout on each branch and on what they give together.
    """

    def __init__(
        self, size: int, attn: torch.nn.Module | None, cgmlp: torch.nn.Module | None, dropout_rate: float
    ) -> None:
        super().__init__()
        self.attn = attn
        if attn is not None:
            self.norm_mha = LayerNorm(size)
        self.cgmlp = cgmlp
        if cgmlp is not None:
            self.norm_mlp = LayerNorm(size)
        self.norm_final = LayerNorm(size)
        self.dropout = Dropout(dropout_rate)

    def _branches(self, x: Tensor, mask: Tensor | None, pos_emb: Tensor | None) -> list[Tensor]:
        """What the attention gives and what the perceptron gives, as far as they are there.

        Shapes:
            x (B, T, D), mask (B, 1, T), pos_emb (1, R, D) -> one or two of (B, T, D)
        """
        outputs = []
        if self.attn is not None:
            outputs.append(self.dropout(self._attend(self.norm_mha(x), mask, pos_emb)))
        if self.cgmlp is not None:
            outputs.append(self.dropout(self.cgmlp(self.norm_mlp(x))))
        return outputs

    def _attend(self, y: Tensor, mask: Tensor | None, pos_emb: Tensor | None) -> Tensor:
        assert self.attn is not None
        if isinstance(self.attn, FastSelfAttention):
            return self.attn(y, mask)
        return self.attn(y, y, y, mask) if pos_emb is None else self.attn(y, y, y, pos_emb, mask)


class BranchformerLayer(TwoBranchLayer):
    """Two branches, merged, with a residual path and a final normalisation.

    Args:
        size: Model size D.
        attn: Attention; None for no such branch.
        cgmlp: Convolutional gating perceptron; None for no such branch.
        dropout_rate: Dropout on each branch and on what they give together.
        merge_method: ``concat``: a linear map of both. ``learned_ave``: a mean with weights that are computed from the
            branches, each pooled over time. ``fixed_ave``: a mean with the weight ``cgmlp_weight``.
        cgmlp_weight: Weight of the perceptron in ``fixed_ave``; 0 or 1 leaves the other branch alone.
        attn_branch_drop_rate: Probability of giving the attention no weight in training (``learned_ave`` only).
        stochastic_depth_rate: Probability of leaving the layer out in training; one that stays is scaled up
            accordingly.

    Raises:
        InputError: If there is no branch, the method is unknown, or the weight is not between 0 and 1.
    """

    def __init__(
        self,
        size: int,
        attn: torch.nn.Module | None,
        cgmlp: torch.nn.Module | None,
        dropout_rate: float,
        merge_method: str = "concat",
        cgmlp_weight: float = 0.5,
        attn_branch_drop_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
    ) -> None:
        if attn is None and cgmlp is None:
            raise InputError("encoder_conf: a layer needs use_attn or use_cgmlp")
        if merge_method not in MERGE_METHODS:
            known = ", ".join(MERGE_METHODS)
            raise InputError(f"encoder_conf: unknown merge_method '{merge_method}'; choose from {known}")
        if not 0.0 <= cgmlp_weight <= 1.0:
            raise InputError(f"encoder_conf: cgmlp_weight must be between 0 and 1, but it is {cgmlp_weight}")
        has_both = attn is not None and cgmlp is not None
        if has_both and merge_method == "fixed_ave":
            attn = None if cgmlp_weight == 1.0 else attn
            cgmlp = None if cgmlp_weight == 0.0 else cgmlp
        super().__init__(size, attn, cgmlp, dropout_rate)
        self.merge_method = merge_method
        self.cgmlp_weight = cgmlp_weight
        self.attn_branch_drop_rate = attn_branch_drop_rate
        self.stochastic_depth_rate = stochastic_depth_rate
        if has_both and merge_method == "learned_ave":
            self.pooling_proj1 = torch.nn.Linear(size, 1)
            self.pooling_proj2 = torch.nn.Linear(size, 1)
            self.weight_proj1 = torch.nn.Linear(size, 1)
            self.weight_proj2 = torch.nn.Linear(size, 1)
        self.merge_proj: torch.nn.Module = torch.nn.Identity()
        if has_both:
            self.merge_proj = torch.nn.Linear(2 * size if merge_method == "concat" else size, size)

    def forward(self, x: Tensor, mask: Tensor | None, pos_emb: Tensor | None = None) -> Tensor:
        """Apply the layer.

        Shapes:
            x (B, T, D), mask (B, 1, T), pos_emb (1, R, D) -> (B, T, D)
        """
        if skip_layer(self, self.stochastic_depth_rate):
            return x
        scale = 1.0 / (1.0 - self.stochastic_depth_rate) if self.training else 1.0
        branches = self._branches(x, mask, pos_emb)
        merged = branches[0] if len(branches) == 1 else self._merge(branches[0], branches[1], mask)
        return self.norm_final(torch.add(x, self.dropout(self.merge_proj(merged)), alpha=scale))

    def _merge(self, attended: Tensor, gated: Tensor, mask: Tensor | None) -> Tensor:
        """Shapes: attended (B, T, D), gated (B, T, D), mask (B, 1, T) -> (B, T, D) or, concatenated, (B, T, 2D)."""
        if self.merge_method == "concat":
            return torch.cat([attended, gated], dim=-1)
        if self.merge_method == "fixed_ave":
            return torch.lerp(attended, gated, self.cgmlp_weight)
        if skip_layer(self, self.attn_branch_drop_rate):
            return gated
        weights = [
            self.weight_proj1(pool_frames(self.pooling_proj1(attended), attended, mask)),
            self.weight_proj2(pool_frames(self.pooling_proj2(gated), gated, mask)),
        ]
        of_attended, of_gated = torch.cat(weights, dim=-1).softmax(-1).unsqueeze(-1).chunk(2, dim=1)  # each (B, 1, 1)
        return of_attended * attended + of_gated * gated

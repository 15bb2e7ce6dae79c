"""Low-rank adapters: a trained matrix W stays, and a product B A of rank r is learnt beside it.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021, https://arxiv.org/abs/2106.09685, section 4.1:
``y = W x + (alpha / r) B A x``. A is random and B zero at first (for embeddings the other way round), so an adapted model
begins as the model it was.
"""

# Shapes: I input size (symbols, for an embedding), O output size, r rank
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.utils.errors import InputError


class LoRALinear(torch.nn.Linear):
    """A linear map with a low-rank addition. Its weight and bias are those of the map given, not copies.

    Args:
        linear: What is adapted.
        rank: r.
        alpha: The addition is scaled by ``alpha / rank``.
        dropout_rate: Dropout on the addition's input.

    Shapes:
        lora_A (r, I), lora_B (O, r)
    """

    def __init__(self, linear: torch.nn.Linear, rank: int, alpha: float, dropout_rate: float = 0.0) -> None:
        super().__init__(linear.in_features, linear.out_features, bias=linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.scale = alpha / rank
        self.dropout = Dropout(dropout_rate)
        self.lora_A = torch.nn.Parameter(linear.weight.new_empty(rank, linear.in_features))
        self.lora_B = torch.nn.Parameter(linear.weight.new_zeros(linear.out_features, rank))
        torch.nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, input: Tensor) -> Tensor:
        """``W x + b + (alpha / r) B A x``.

        Shapes:
            input (..., I) -> (..., O)
        """
        added = F.linear(F.linear(self.dropout(input), self.lora_A), self.lora_B)
        return torch.add(super().forward(input), added, alpha=self.scale)

    @torch.no_grad()
    def merged(self) -> torch.nn.Linear:
        """A plain map of the same values."""
        linear = torch.nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        linear.weight = torch.nn.Parameter(self.weight + self.scale * self.lora_B @ self.lora_A, requires_grad=False)
        linear.bias = self.bias
        return linear


class LoRAEmbedding(torch.nn.Embedding):
    """An embedding with a low-rank addition. Its weight is that of the embedding given, not a copy.

    Args:
        embedding: What is adapted.
        rank: r.
        alpha: The addition is scaled by ``alpha / rank``.

    Raises:
        InputError: If the embedding rescales its rows.

    Shapes:
        lora_A (r, I), lora_B (O, r)
    """

    def __init__(self, embedding: torch.nn.Embedding, rank: int, alpha: float) -> None:
        if embedding.max_norm is not None:
            raise InputError("adapter_conf: an embedding with max_norm cannot have a LoRA adapter; leave it out")
        size = (embedding.num_embeddings, embedding.embedding_dim)
        super().__init__(*size, padding_idx=embedding.padding_idx, _weight=embedding.weight)
        self.weight = embedding.weight
        self.scale = alpha / rank
        self.lora_A = torch.nn.Parameter(embedding.weight.new_zeros(rank, embedding.num_embeddings))
        self.lora_B = torch.nn.Parameter(
            torch.nn.init.normal_(embedding.weight.new_empty(embedding.embedding_dim, rank))
        )

    def forward(self, input: Tensor) -> Tensor:
        """The row of W and ``alpha / r`` times that of the product.

        Shapes:
            input (...) -> (..., O)
        """
        added = F.linear(F.embedding(input, self.lora_A.T, self.padding_idx), self.lora_B)
        return torch.add(super().forward(input), added, alpha=self.scale)

    @torch.no_grad()
    def merged(self) -> torch.nn.Embedding:
        """A plain embedding of the same values."""
        weight = self.weight + self.scale * (self.lora_B @ self.lora_A).T
        return torch.nn.Embedding.from_pretrained(weight, freeze=True, padding_idx=self.padding_idx)


def with_lora(module: torch.nn.Module, rank: int, alpha: float, dropout_rate: float) -> torch.nn.Module | None:
    """The module with an adapter; None if it is of no kind that can have one."""
    if type(module) is torch.nn.Embedding:
        return LoRAEmbedding(module, rank, alpha)
    if type(module) is torch.nn.Linear:
        return LoRALinear(module, rank, alpha, dropout_rate)
    return None

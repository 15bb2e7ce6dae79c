"""Absolute positional encodings.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 3.5;
Baevski et al., "wav2vec 2.0", 2020, https://arxiv.org/abs/2006.11477, section 2 (the convolutional one).

The tables are made on demand and never stored in a checkpoint; a table in an old checkpoint is dropped. The relative
encodings stand with their attention in ``relative_attention.py``.
"""
# Shapes: B batch, T frames, D model size
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.dropout import Dropout


def sinusoid(positions: Tensor, size: int) -> Tensor:
    """Sine on the even channels and cosine on the odd ones, in float32 as all checkpoints expect.

    Args:
        positions: Positions, of any sign.
        size: Model size D.

    Shapes:
        positions (T,) -> (T, D)
    """
    channels = torch.arange(0, size, 2, dtype=torch.float32, device=positions.device)
    rates = torch.exp(channels * -(math.log(10000.0) / size))
    angles = positions.to(torch.float32).unsqueeze(1) * rates
    table = torch.empty(len(positions), size, dtype=torch.float32, device=positions.device)
    table[:, 0::2] = angles.sin()
    table[:, 1::2] = angles.cos()[:, : size // 2]
    return table


class PositionalEncoding(torch.nn.Module):
    """``dropout(x * sqrt(D) + pe)``.

    Args:
        d_model: Model size D.
        dropout_rate: Dropout on the sum.
        max_len: Positions tabled at first; the table grows when a longer input comes.
    """

    pe: Tensor

    def __init__(self, d_model: int, dropout_rate: float, max_len: int = 5000) -> None:
        super().__init__()
        self.d_model = d_model
        self.xscale = math.sqrt(d_model)
        self.dropout = Dropout(dropout_rate)
        self.register_buffer("pe", sinusoid(torch.arange(max_len), d_model), persistent=False)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        state_dict.pop(prefix + "pe", None)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _positions(self, x: Tensor, offset: int) -> Tensor:
        end = offset + x.size(1)
        if len(self.pe) < end and offset:  # a part of an endless stream: the table must not grow with it
            return sinusoid(torch.arange(offset, end, device=self.pe.device), self.d_model).to(x)
        if len(self.pe) < end:
            self.pe = sinusoid(torch.arange(2 * end, device=self.pe.device), self.d_model)
        return self.pe[offset:end].to(x)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Add the positions ``offset``, ``offset + 1``, ...

        Shapes:
            x (B, T, D) -> (B, T, D)
        """
        return self.dropout(x * self.xscale + self._positions(x, offset))

    def at(self, x: Tensor, positions: Tensor) -> Tensor:
        """Add positions that are told one by one, for parts of several streams in a row.

        Shapes:
            x (T, D), positions (T,) -> (T, D)
        """
        is_tabled = bool((positions < len(self.pe)).all())  # streams are endless: the table does not grow with them
        pe = self.pe[positions] if is_tabled else sinusoid(positions, self.d_model)
        return self.dropout(x * self.xscale + pe.to(x))


class ScaledPositionalEncoding(PositionalEncoding):
    """``dropout(x + alpha * pe)`` with a learned scale.

    Li et al., "Neural Speech Synthesis with Transformer Network", 2019, https://arxiv.org/abs/1809.08895, equation 4.
    """

    def __init__(self, d_model: int, dropout_rate: float, max_len: int = 5000) -> None:
        super().__init__(d_model, dropout_rate, max_len)
        self.alpha = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Add the scaled positions.

        Shapes:
            x (B, T, D) -> (B, T, D)
        """
        return self.dropout(x + self.alpha * self._positions(x, offset))


class ConvolutionalPositionalEmbedding(torch.nn.Module):
    """A wide grouped convolution that tells positions from what stands around; it takes the place of the input.

    Args:
        embed_dim: Model size D, a multiple of 16.
        dropout: Dropout on the result.
        max_len: Accepted for the common signature; there is no table.
    """

    KERNEL_SIZE, GROUPS = 128, 16

    def __init__(self, embed_dim: int, dropout: float, max_len: int = 5000) -> None:
        super().__init__()
        conv = torch.nn.Conv1d(
            embed_dim, embed_dim, self.KERNEL_SIZE, padding=self.KERNEL_SIZE // 2, groups=self.GROUPS
        )
        self.convs = torch.nn.ModuleList([torch.nn.utils.parametrizations.weight_norm(conv, dim=2)])
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Encode.

        Shapes:
            x (B, T, D) -> (B, T, D)
        """
        xs = x.transpose(1, 2)
        for conv in self.convs:
            xs = F.gelu(conv(xs)[..., :-1])  # the even kernel makes one frame too many
        return self.dropout(xs.transpose(1, 2))

"""One value per token from its encoding: duration, pitch or energy.

Ren et al., "FastSpeech", 2019, https://arxiv.org/abs/1905.09263, section 3.3; Ren et al., "FastSpeech 2", 2020,
https://arxiv.org/abs/2006.04558, section 2.3.
"""
# Shapes: B batch, L tokens, D model size, C channels
import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.layers.layer_norm import LayerNorm

DURATION_OFFSET = 1.0  # durations are predicted as log(d + 1)


class ChannelLayerNorm(LayerNorm):
    """Layer normalisation over the channels of a convolution's output.

    Shapes:
        x (B, C, L) -> (B, C, L)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each token."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class VariancePredictor(torch.nn.Module):
    """Convolutions with ReLU, normalisation and dropout, and a linear map to one value.

    Args:
        idim: Model size D.
        n_layers: Convolutions.
        n_chans: Their channels C.
        kernel_size: Their taps (odd).
        dropout_rate: Dropout after each.
    """

    def __init__(self, idim: int, n_layers: int = 2, n_chans: int = 384, kernel_size: int = 3, dropout_rate: float = 0.5):
        super().__init__()
        self.conv = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Conv1d(n_chans if i else idim, n_chans, kernel_size, padding=(kernel_size - 1) // 2),
                torch.nn.ReLU(),
                ChannelLayerNorm(n_chans),
                Dropout(dropout_rate),
            )
            for i in range(n_layers)
        )
        self.linear = torch.nn.Linear(n_chans, 1)

    def forward(self, hs: Tensor, pad_mask: Tensor | None = None, hide_padding: bool = False) -> Tensor:
        """Predict.

        Args:
            hs: Encoded tokens.
            pad_mask: True on padding, whose values become 0.
            hide_padding: Let the convolutions see zeros there. Models are trained without.

        Shapes:
            hs (B, L, D), pad_mask (B, L) -> (B, L)
        """
        x = hs.transpose(1, 2)
        for conv in self.conv:
            x = conv(x if pad_mask is None or not hide_padding else x.masked_fill(pad_mask.unsqueeze(1), 0.0))
        values = self.linear(x.transpose(1, 2)).squeeze(-1)
        return values if pad_mask is None else values.masked_fill(pad_mask, 0.0)


def log_durations(durations: Tensor) -> Tensor:
    """What a predictor of durations learns: (B, L) frames -> (B, L)."""
    return (durations.float() + DURATION_OFFSET).log()


def to_durations(predicted: Tensor) -> Tensor:
    """Frames from a prediction in the logarithmic domain: (B, L) -> (B, L) int64."""
    return (predicted.exp() - DURATION_OFFSET).round().clamp(min=0).long()

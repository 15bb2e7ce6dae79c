"""Convolutions that see the whole output and correct it.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884, section 2.2.
"""

# Shapes: B batch, T frames, D features, C channels
import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout


class Postnet(torch.nn.Module):
    """Convolutions with normalisation, tanh (but for the last) and dropout; their sum with the input is the output.

    Models are trained without hiding the padding from them. Without layers the input is the output.

    Args:
        odim: Features D.
        num_layers: Convolutions.
        channels: C.
        kernel_size: Taps of the convolutions (odd).
        use_batch_norm: Normalise after each convolution.
        dropout_rate: Probability of zero.
    """

    def __init__(
        self,
        odim: int,
        num_layers: int,
        channels: int,
        kernel_size: int,
        use_batch_norm: bool = True,
        dropout_rate: float = 0.5,
    ) -> None:
        super().__init__()
        self.postnet = torch.nn.ModuleList()
        for layer in range(num_layers):
            is_last = layer == num_layers - 1
            size = odim if is_last else channels
            padding = (kernel_size - 1) // 2
            self.postnet.append(
                torch.nn.Sequential(
                    torch.nn.Conv1d(channels if layer else odim, size, kernel_size, padding=padding, bias=False),
                    *([torch.nn.BatchNorm1d(size)] if use_batch_norm else []),
                    *([] if is_last else [torch.nn.Tanh()]),
                    Dropout(dropout_rate),
                )
            )

    def forward(self, frames: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """The corrected frames.

        Args:
            frames: What is to be corrected.
            pad_mask: True where the convolutions are to see zeros, as beyond the ends.

        Shapes:
            frames (B, T, D), pad_mask (B, T) -> (B, T, D)
        """
        if not len(self.postnet):
            return frames
        x = frames.transpose(1, 2)
        for conv in self.postnet:
            x = conv(x if pad_mask is None else x.masked_fill(pad_mask.unsqueeze(1), 0.0))
        return frames + x.transpose(1, 2)

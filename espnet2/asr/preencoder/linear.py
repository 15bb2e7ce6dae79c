"""Features to fewer (or more) of them."""

# Shapes: B batch, T frames, F features, D projected features
import torch
from torch import Tensor

from espnet2.asr.abs_preencoder import AbsPreEncoder
from espnet2.layers.dropout import Dropout


class LinearProjection(AbsPreEncoder):
    """Dropout and a linear layer on each frame, as a narrow neck behind wide self-supervised features.

    Args:
        input_size: Features F of the front end.
        output_size: Features D for the encoder.
        dropout: Dropout before the layer.
    """

    def __init__(self, input_size: int, output_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.linear_out = torch.nn.Linear(input_size, output_size)

    def output_size(self) -> int:
        """Number of features D."""
        return self.linear_out.out_features

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Project.

        Shapes:
            input (B, T, F), input_lengths (B,) -> (B, T, D), (B,)
        """
        return self.linear_out(self.dropout(input)), input_lengths

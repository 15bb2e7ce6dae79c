"""What autoregressive synthesisers do to their last output before they look at it, and to text before they encode it.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884, section 2.2.
"""

# Shapes: B batch, L tokens, D features, P prenet units, E embedding, C channels
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.tts.parts.randomness import Generators, StepDropout
from espnet2.utils.errors import InputError


class Prenet(torch.nn.Module):
    """A bottleneck for the last frame, so that the decoder does not just copy it.

    Its dropout is **active in evaluation too**: so the decoder was trained, and the variation of speech comes from there.

    Args:
        idim: Features D.
        num_layers: Linear layers, each followed by ReLU and dropout.
        num_units: P.
        dropout_rate: Probability of zero.

    Attributes:
        output_size: P.
    """

    def __init__(self, idim: int, num_layers: int, num_units: int, dropout_rate: float) -> None:
        super().__init__()
        self.dropout_rate = dropout_rate
        self.output_size = num_units
        self.prenet = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(num_units if layer else idim, num_units), torch.nn.ReLU())
            for layer in range(num_layers)
        )

    def start_dropout(self, generators: Generators, like: Tensor) -> StepDropout | None:
        """Dropout of utterances that are written together, each with random numbers of its own; None if there is none."""
        if self.dropout_rate == 0 or not len(self.prenet):
            return None
        return StepDropout(generators, self.dropout_rate, len(self.prenet), self.output_size, like)

    def forward(self, x: Tensor, dropout: StepDropout | None = None) -> Tensor:
        """Apply all layers.

        Args:
            x: Frames.
            dropout: Of one step; None: drawn here.

        Shapes:
            x (..., D), or (B, D) with ``dropout`` -> (..., P)
        """
        if dropout is None:
            for layer in self.prenet:
                x = F.dropout(layer(x), self.dropout_rate, training=True)
            return x
        for layer, factors in zip(self.prenet, dropout.next()):
            x = layer(x) * factors
        return x


class PrenetInput(torch.nn.Sequential):
    """A prenet and a linear map.

    Args:
        prenet: The first.
        size: Of what comes out.
    """

    def __init__(self, prenet: Prenet, size: int) -> None:
        super().__init__(prenet, torch.nn.Linear(prenet.output_size, size))

    @property
    def prenet(self) -> Prenet:
        """The first."""
        return cast(Prenet, self[0])

    def forward(self, x: Tensor, dropout: StepDropout | None = None) -> Tensor:
        """Apply both; see ``Prenet.forward``."""
        return self[1](self[0](x, dropout))


class TextPrenet(torch.nn.Module):
    """Embedding and convolutions over the tokens. Models are trained without hiding the padding from them.

    Args:
        idim: Tokens; token 0 is padding and has a zero embedding.
        embed_dim: E.
        num_layers: Convolutions, each with normalisation, ReLU and dropout.
        channels: C.
        kernel_size: Taps of the convolutions (odd).
        use_batch_norm: Normalise after each convolution.
        use_residual: Add each convolution's input to its output.
        dropout_rate: Probability of zero.

    Attributes:
        output_size: C, or E without convolutions.

    Raises:
        InputError: If E and C differ though there is something to add.
    """

    def __init__(
        self,
        idim: int,
        embed_dim: int,
        num_layers: int,
        channels: int,
        kernel_size: int,
        use_batch_norm: bool,
        use_residual: bool,
        dropout_rate: float,
    ) -> None:
        super().__init__()
        if use_residual and num_layers and embed_dim != channels:
            raise InputError(
                f"tts_conf: use_residual needs equal sizes; embed_dim {embed_dim} is not {channels} channels"
            )
        self.embed = torch.nn.Embedding(idim, embed_dim, padding_idx=0)
        self.convs = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Conv1d(
                    channels if layer else embed_dim, channels, kernel_size, padding=(kernel_size - 1) // 2, bias=False
                ),
                *([torch.nn.BatchNorm1d(channels)] if use_batch_norm else []),
                torch.nn.ReLU(),
                Dropout(dropout_rate),
            )
            for layer in range(num_layers)
        )
        self.use_residual = use_residual
        self.output_size = channels if num_layers else embed_dim

    def forward(self, text: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """Embed and convolve.

        Args:
            text: Token ids.
            pad_mask: True where the convolutions are to see zeros, as beyond the ends.

        Shapes:
            text (B, L), pad_mask (B, L) -> (B, L, C)
        """
        x = self.embed(text).transpose(1, 2)  # (B, E, L)
        for conv in self.convs:
            if pad_mask is not None:
                x = x.masked_fill(pad_mask.unsqueeze(1), 0.0)
            x = x + conv(x) if self.use_residual else conv(x)
        return x.transpose(1, 2)


class TextInput(torch.nn.Sequential):
    """Convolutions over the tokens' embedding and a linear map.

    Args:
        prenet: The convolutions.
        size: Of what comes out.
    """

    def __init__(self, prenet: TextPrenet, size: int) -> None:
        super().__init__(prenet, torch.nn.Linear(prenet.output_size, size))

    def forward(self, text: Tensor, pad_mask: Tensor | None = None) -> Tensor:
        """Apply both; see ``TextPrenet.forward``."""
        return self[1](self[0](text, pad_mask))

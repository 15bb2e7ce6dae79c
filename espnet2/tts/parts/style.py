"""Global style tokens: the manner of a reference utterance as a mixture of a few learned vectors.

Wang et al., "Style Tokens: Unsupervised Style Modeling, Control and Transfer in End-to-End Speech Synthesis", 2018,
https://arxiv.org/abs/1803.09017; the reference encoder is that of Skerry-Ryan et al., "Towards End-to-End Prosody Transfer
for Expressive Speech Synthesis with Tacotron", 2018, https://arxiv.org/abs/1803.09047.
"""

# Shapes: B batch, T frames, D features, G reference embedding, N style tokens, H heads, S style size
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from espnet2.layers.attention import MultiHeadedAttention
from espnet2.utils.errors import InputError

CONV_CHANS_LIST = (32, 32, 64, 64, 128, 128)


@dataclass
class StyleOptions:
    """The ``gst_*`` keys of ``tts_conf``.

    Args:
        gst_tokens: N.
        gst_heads: H.
        gst_conv_layers: Convolutions of the reference encoder.
        gst_conv_chans_list: Channels of each.
        gst_conv_kernel_size: Their taps on both axes (odd).
        gst_conv_stride: Their step on both axes.
        gst_gru_layers: Recurrent layers after them.
        gst_gru_units: G.

    Raises:
        InputError: If there are not as many channels as convolutions.
    """

    gst_tokens: int = 10
    gst_heads: int = 4
    gst_conv_layers: int = 6
    gst_conv_chans_list: Sequence[int] = CONV_CHANS_LIST
    gst_conv_kernel_size: int = 3
    gst_conv_stride: int = 2
    gst_gru_layers: int = 1
    gst_gru_units: int = 128

    def __post_init__(self) -> None:
        if len(self.gst_conv_chans_list) != self.gst_conv_layers:
            raise InputError(
                f"tts_conf: gst_conv_chans_list names {len(self.gst_conv_chans_list)} convolutions, gst_conv_layers "
                f"{self.gst_conv_layers}"
            )


class ReferenceEncoder(torch.nn.Module):
    """An utterance's frames to one vector. It sees the padding of a batch: so models are trained.

    Args:
        idim: Features D.
        options: The layers.
    """

    def __init__(self, idim: int, options: StyleOptions) -> None:
        super().__init__()
        kernel_size, stride = options.gst_conv_kernel_size, options.gst_conv_stride
        padding = (kernel_size - 1) // 2
        layers: list[torch.nn.Module] = []
        for source, channels in zip((1, *options.gst_conv_chans_list), options.gst_conv_chans_list):
            layers += [
                torch.nn.Conv2d(source, channels, kernel_size, stride, padding, bias=False),
                torch.nn.BatchNorm2d(channels),
                torch.nn.ReLU(),
            ]
            idim = (idim + 2 * padding - kernel_size) // stride + 1
        self.convs = torch.nn.Sequential(*layers)
        num_features = idim * options.gst_conv_chans_list[-1]
        self.gru = torch.nn.GRU(num_features, options.gst_gru_units, options.gst_gru_layers, batch_first=True)

    def forward(self, frames: Tensor) -> Tensor:
        """Read the utterances.

        Shapes:
            frames (B, T, D) -> (B, G)
        """
        x = self.convs(frames.unsqueeze(1))  # (B, C, T', D')
        return self.gru(x.transpose(1, 2).flatten(2))[1][-1]


class StyleAttention(MultiHeadedAttention):
    """Attention of a reference to the style tokens, which are of different sizes.

    Args:
        query_size: G.
        token_size: Size of a token.
        n_head: H.
        n_feat: S, a multiple of H.
    """

    def __init__(self, query_size: int, token_size: int, n_head: int, n_feat: int) -> None:
        super().__init__(n_head, n_feat, dropout_rate=0.0)
        self.linear_q = torch.nn.Linear(query_size, n_feat)
        self.linear_k = torch.nn.Linear(token_size, n_feat)
        self.linear_v = torch.nn.Linear(token_size, n_feat)


class StyleTokenLayer(torch.nn.Module):
    """A mixture of the style tokens.

    Args:
        size: S.
        options: Tokens and heads.
    """

    def __init__(self, size: int, options: StyleOptions) -> None:
        super().__init__()
        token_size = size // options.gst_heads
        self.gst_embs = torch.nn.Parameter(torch.randn(options.gst_tokens, token_size))
        self.mha = StyleAttention(options.gst_gru_units, token_size, options.gst_heads, size)

    def forward(self, reference: Tensor) -> Tensor:
        """Weigh the tokens.

        Shapes:
            reference (B, G) -> (B, S)
        """
        tokens = torch.tanh(self.gst_embs).expand(len(reference), -1, -1)  # (B, N, S / H)
        return self.mha(reference.unsqueeze(1), tokens, tokens, None).squeeze(1)


class StyleEncoder(torch.nn.Module):
    """A reference utterance's style.

    Args:
        idim: Features D.
        size: S.
        options: The ``gst_*`` keys.
    """

    def __init__(self, idim: int, size: int, options: StyleOptions) -> None:
        super().__init__()
        self.ref_enc = ReferenceEncoder(idim, options)
        self.stl = StyleTokenLayer(size, options)

    def forward(self, frames: Tensor) -> Tensor:
        """Shapes: frames (B, T, D) -> (B, S)."""
        return self.stl(self.ref_enc(frames))

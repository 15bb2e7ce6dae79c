"""The Whisper network, with the parameter names of its first release.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, https://arxiv.org/abs/2212.04356;
sizes: table 1 there and the model cards of https://github.com/openai/whisper.

The first release knows no padding, since all its input is 30 seconds long. Here frames beyond an utterance's own length
may be masked, so that it gives the same alone and in a batch.
"""
# Shapes: B batch, T mel frames, S = ceil(T / 2) encoded frames, M mel bands, L labels, D model size, H heads,
#         d_k = D / H, V vocabulary
import math
from collections.abc import Callable
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.mask import make_pad_mask


class WhisperSizes(NamedTuple):
    """Sizes of a Whisper network, named as its files name them."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int


def _sizes(size: int, heads: int, layers: int, vocab: int = 51865, mels: int = 80, text_layers: int = 0) -> WhisperSizes:
    return WhisperSizes(mels, 1500, size, heads, layers, vocab, 448, size, heads, text_layers or layers)


ENGLISH_VOCABULARY = 51864
WHISPER_SIZES = {
    "tiny": _sizes(384, 6, 4),
    "base": _sizes(512, 8, 6),
    "small": _sizes(768, 12, 12),
    "medium": _sizes(1024, 16, 24),
    "large-v1": _sizes(1280, 20, 32),
    "large-v2": _sizes(1280, 20, 32),
    "large-v3": _sizes(1280, 20, 32, 51866, 128),
    "large": _sizes(1280, 20, 32, 51866, 128),  # the newest
    "large-v3-turbo": _sizes(1280, 20, 32, 51866, 128, text_layers=4),
    "turbo": _sizes(1280, 20, 32, 51866, 128, text_layers=4),
}
for _name in ("tiny", "base", "small", "medium"):
    WHISPER_SIZES[f"{_name}.en"] = WHISPER_SIZES[_name]._replace(n_vocab=ENGLISH_VOCABULARY)


class WhisperAttention(torch.nn.Module):
    """Scaled dot-product attention; keys have no bias.

    Args:
        size: Model size D.
        num_heads: Heads H.
    """

    def __init__(self, size: int, num_heads: int) -> None:
        super().__init__()
        self.h = num_heads
        self.d_k = size // num_heads
        self.query = torch.nn.Linear(size, size)
        self.key = torch.nn.Linear(size, size, bias=False)
        self.value = torch.nn.Linear(size, size)
        self.out = torch.nn.Linear(size, size)

    def _split_heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.h, self.d_k)).transpose(1, 2)

    def project_key_value(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of what is looked at.

        Shapes:
            source (B, T, D) -> (B, H, T, d_k), (B, H, T, d_k)
        """
        return self._split_heads(self.key(source)), self._split_heads(self.value(source))

    def attend(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, is_causal: bool = False) -> Tensor:
        """Look at projected keys.

        Args:
            x: Those who look.
            keys: What they compare with.
            values: What they take.
            mask: True where they may look; None for everywhere.
            is_causal: Whether each looks at itself and the earlier ones only.

        Shapes:
            x (B, L, D), keys (B, H, T, d_k), values (B, H, T, d_k), mask (B, 1, T) -> (B, L, D)
        """
        mask = None if mask is None else mask.unsqueeze(1)
        query = self._split_heads(self.query(x))
        context = F.scaled_dot_product_attention(query, keys, values, mask, is_causal=is_causal)
        return self.out(context.transpose(1, 2).flatten(2))

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None, is_causal: bool = False) -> Tensor:
        """Attend.

        Shapes:
            x (B, L, D), source (B, T, D), mask (B, 1, T) -> (B, L, D)
        """
        return self.attend(x, *self.project_key_value(source), mask, is_causal)


class WhisperBlock(torch.nn.Module):
    """Attentions and a feed-forward network, each normalised before and with a residual path.

    Args:
        size: Model size D.
        num_heads: Heads of the attentions.
        has_source: Whether there is an attention to the encoder's output.
    """

    def __init__(self, size: int, num_heads: int, has_source: bool) -> None:
        super().__init__()
        self.attn = WhisperAttention(size, num_heads)
        self.attn_ln = torch.nn.LayerNorm(size)
        if has_source:
            self.cross_attn = WhisperAttention(size, num_heads)
            self.cross_attn_ln = torch.nn.LayerNorm(size)
        self.mlp = torch.nn.Sequential(torch.nn.Linear(size, 4 * size), torch.nn.GELU(), torch.nn.Linear(4 * size, size))
        self.mlp_ln = torch.nn.LayerNorm(size)

    def forward(
        self,
        x: Tensor,
        look_around: Callable[[Tensor], Tensor],
        look_at_source: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Apply the block.

        Args:
            x: Frames or labels.
            look_around: Their self-attention, over a whole sequence or over a cache.
            look_at_source: Their attention to the encoder's output.

        Shapes:
            x (B, L, D) -> (B, L, D)
        """
        x = x + look_around(self.attn_ln(x))
        if look_at_source is not None:
            x = x + look_at_source(self.cross_attn_ln(x))
        return x + self.mlp(self.mlp_ln(x))


def sinusoids(length: int, size: int) -> Tensor:
    """Positions as sines in the first half and cosines in the second, with wave lengths up to 2 pi 10000.

    Shapes:
        -> (length, size)
    """
    rates = torch.exp(torch.arange(size // 2) * (-math.log(10000) / (size // 2 - 1)))
    angles = torch.arange(length).unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class WhisperAudioEncoder(torch.nn.Module):
    """Log-mel features to encoded frames.

    Args:
        sizes: Sizes of the network.
    """

    positional_embedding: Tensor

    def __init__(self, sizes: WhisperSizes) -> None:
        super().__init__()
        size = sizes.n_audio_state
        self.conv1 = torch.nn.Conv1d(sizes.n_mels, size, kernel_size=3, padding=1)
        self.conv2 = torch.nn.Conv1d(size, size, kernel_size=3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(sizes.n_audio_ctx, size))
        self.blocks = torch.nn.ModuleList(
            WhisperBlock(size, sizes.n_audio_head, has_source=False) for _ in range(sizes.n_audio_layer)
        )
        self.ln_post = torch.nn.LayerNorm(size)

    @property
    def max_frames(self) -> int:
        """Encoded frames that have a position."""
        return len(self.positional_embedding)

    def forward(
        self, mels: Tensor, lengths: Tensor, dropout: Callable[[Tensor], Tensor] = lambda x: x
    ) -> tuple[Tensor, Tensor]:
        """Encode; frames without a position are left out.

        Args:
            mels: Features, zero beyond the lengths.
            lengths: Frames of each utterance; those beyond are not looked at.
            dropout: Applied to the input of each block.

        Shapes:
            mels (B, T, M), lengths (B,) -> (B, S, D), (B,)
        """
        x = F.gelu(self.conv1(mels.transpose(1, 2)))
        x = x.masked_fill(make_pad_mask(lengths, x.size(2)).unsqueeze(1), 0.0)
        x = F.gelu(self.conv2(x)).transpose(1, 2)[:, : self.max_frames]
        olens = ((lengths + 1) // 2).clamp(max=self.max_frames)
        x = x + self.positional_embedding[: x.size(1)]
        is_padded = bool((olens < x.size(1)).any())
        mask = ~make_pad_mask(olens, x.size(1)).unsqueeze(1) if is_padded else None  # (B, 1, S)
        for block in cast(list[WhisperBlock], list(self.blocks)):
            x = block(dropout(x), lambda y, block=block: block.attn(y, y, mask))
        return self.ln_post(x), olens


class WhisperTextDecoder(torch.nn.Module):
    """Labels to logits of the next label; the output layer is the embedding.

    Args:
        sizes: Sizes of the network.
    """

    def __init__(self, sizes: WhisperSizes) -> None:
        super().__init__()
        size = sizes.n_text_state
        self.token_embedding: torch.nn.Module = torch.nn.Embedding(sizes.n_vocab, size)
        self.positional_embedding = torch.nn.Parameter(torch.randn(sizes.n_text_ctx, size) * 0.01)
        self.blocks = torch.nn.ModuleList(
            WhisperBlock(size, sizes.n_text_head, has_source=True) for _ in range(sizes.n_text_layer)
        )
        self.ln = torch.nn.LayerNorm(size)

    def embed(self, tokens: Tensor, offset: int = 0) -> Tensor:
        """Embed tokens; those beyond the last position share it.

        Args:
            tokens: Ids.
            offset: Position of the first of them.

        Shapes:
            tokens (B, L) -> (B, L, D)
        """
        positions = torch.arange(offset, offset + tokens.size(1), device=tokens.device)
        last = len(self.positional_embedding) - 1
        return self.token_embedding(tokens) + self.positional_embedding[positions.clamp(max=last)]

    def logits(self, x: Tensor) -> Tensor:
        """Project to the vocabulary.

        Shapes:
            x (B, L, D) -> (B, L, V)
        """
        return self.ln(x) @ cast(Tensor, self.token_embedding.weight).T


class Whisper(torch.nn.Module):
    """Both halves, as the weights' files hold them.

    Args:
        sizes: Sizes of the network.
    """

    def __init__(self, sizes: WhisperSizes) -> None:
        super().__init__()
        self.encoder = WhisperAudioEncoder(sizes)
        self.decoder = WhisperTextDecoder(sizes)

"""The prior of the latent frames given the text: a Conformer.

Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, section 2.2.1, with a Conformer in place of the Transformer.
"""

# Shapes: B batch, L tokens, C channels
import math

import torch
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.tts.parts.token_encoder import ConformerOptions, StackOptions, conformer_stack


class TextEncoder(torch.nn.Module):
    """Tokens to hidden vectors, and mean and log deviation of the prior of each.

    Args:
        vocabs: Number of tokens.
        options: The layers of the encoder; their size is C.
        conformer: What is the Conformer's own.
    """

    def __init__(self, vocabs: int, options: StackOptions, conformer: ConformerOptions) -> None:
        super().__init__()
        self.scale = math.sqrt(options.size)
        self.emb = torch.nn.Embedding(vocabs, options.size)
        torch.nn.init.normal_(self.emb.weight, 0.0, options.size**-0.5)
        self.encoder = conformer_stack(None, options, conformer)
        self.proj = torch.nn.Conv1d(options.size, 2 * options.size, 1)

    def forward(
        self, x: Tensor, x_lengths: Tensor, hide_padding: bool = False
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Hidden vectors, means, log deviations, and a mask that is 1 on valid tokens.

        Args:
            x: Token ids.
            x_lengths: Tokens of each text.
            hide_padding: Let the convolutions see nothing of the padding, so that a text comes out as it does alone.

        Shapes:
            x (B, L), x_lengths (B,) -> (B, C, L), (B, C, L), (B, C, L), (B, 1, L)
        """
        embedded = self.emb(x) * self.scale
        x_mask = (~make_pad_mask(x_lengths, x.size(1))).unsqueeze(1).to(embedded)
        hidden = self.encoder(embedded, x_lengths, hide_padding).transpose(1, 2)
        mean, log_deviation = (self.proj(hidden) * x_mask).chunk(2, dim=1)
        return hidden, mean, log_deviation, x_mask

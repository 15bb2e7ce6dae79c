"""The encoder of Tacotron 2: embedding, convolutions, a bidirectional LSTM.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884, section 2.2.
"""

# Shapes: B batch, L tokens, D output size
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from espnet2.layers.mask import make_pad_mask
from espnet2.tts.parts.prenet import TextPrenet
from espnet2.utils.errors import InputError


class Encoder(TextPrenet):
    """Tokens to vectors.

    Args:
        elayers: Recurrent layers.
        eunits: Their size, of both directions together (even).
        **prenet: Arguments of ``TextPrenet``.

    Attributes:
        output_size: D.

    Raises:
        InputError: If ``eunits`` is odd.
    """

    def __init__(self, elayers: int, eunits: int, **prenet: Any) -> None:
        super().__init__(**prenet)
        if eunits % 2:
            raise InputError(f"tts_conf: eunits must be even, half for each direction, not {eunits}")
        self.blstm = None
        if elayers:
            self.blstm = torch.nn.LSTM(self.output_size, eunits // 2, elayers, batch_first=True, bidirectional=True)
            self.output_size = eunits

    def encode(self, text: Tensor, lengths: Tensor, hide_padding: bool = False) -> Tensor:
        """Encode.

        Args:
            text: Token ids, padded with 0.
            lengths: Tokens of each text.
            hide_padding: Let the convolutions see nothing of the padding, so that a text comes out as it does alone.

        Shapes:
            text (B, L), lengths (B,) -> (B, L, D)
        """
        x = self(text, make_pad_mask(lengths, text.size(1)) if hide_padding and len(text) > 1 else None)
        if self.blstm is None:
            return x
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.blstm(packed)[0], batch_first=True)[0]

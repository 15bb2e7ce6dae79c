"""The encoder of a Whisper network, fed with waveforms.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, https://arxiv.org/abs/2212.04356
"""
# Shapes: B batch, N samples, S frames of 20 ms, D model size
import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.asr.specaug.specaug import SpecAug
from espnet2.layers.dropout import Dropout
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.whisper_features import HOP_SAMPLES, WhisperLogMel
from espnet2.layers.whisper_weights import build_whisper
from espnet2.utils.errors import InputError


class WhisperEncoder(AbsEncoder):
    """Whisper's features and encoder. It wants the waveform: ``frontend: null``, ``normalize: null``, ``input_size: 1``.

    Args:
        input_size: 1, a sample.
        whisper_model: A size such as ``small``, a ``.pt`` file, or a folder of Hugging Face.
        dropout_rate: Dropout on the input of each block.
        download_dir: Where the weights of a size are looked for.
        use_specaug: Mask features in training.
        specaug_conf: Options of SpecAug.
        do_pad_trim: Bring each utterance to the 30 seconds that the network was made for. The silence is then a part of
            the input: nothing masks it, neither here nor in the decoder.

    Raises:
        InputError: If the input is not a waveform, or the weights are nowhere.
    """

    sample_rate = 16000

    def __init__(
        self,
        input_size: int = 1,
        whisper_model: str = "small",
        dropout_rate: float = 0.0,
        download_dir: str | None = None,
        use_specaug: bool = False,
        specaug_conf: Mapping[str, Any] | None = None,
        do_pad_trim: bool = False,
    ) -> None:
        super().__init__()
        if input_size != 1:
            raise InputError(
                f"encoder: whisper reads waveforms: set input_size to 1 (and normalize to null), not {input_size}"
            )
        self.encoders = build_whisper(whisper_model, download_dir).encoder
        self.log_mel = WhisperLogMel(self.encoders.conv1.in_channels)
        self.dropout = Dropout(dropout_rate)
        self.specaug = SpecAug(**(specaug_conf or {})) if use_specaug else None
        self.do_pad_trim = do_pad_trim

    @property
    def max_samples(self) -> int:
        """What the network takes: 30 seconds."""
        return 2 * self.encoders.max_frames * HOP_SAMPLES

    def output_size(self) -> int:
        """Model size D."""
        return self.encoders.conv1.out_channels

    def forward(
        self, xs_pad: Tensor, ilens: Tensor, prev_states: Tensor | None = None
    ) -> tuple[Tensor, Tensor, None]:
        """Encode; what lies beyond the network's 30 seconds is left out, with a warning.

        Raises:
            TooShortUttError: If the longest utterance is too short for one frame.

        Shapes:
            xs_pad (B, N), ilens (B,) -> (B, S, D), (B,), None
        """
        if int(ilens.max()) > self.max_samples:
            logging.warning(f"whisper: of {int(ilens.max())} samples only the first {self.max_samples} are used")
        if self.do_pad_trim:
            xs_pad, ilens = self._pad_or_trim(xs_pad, ilens)
        feats, lengths = self.log_mel(xs_pad, ilens)
        if self.specaug is not None and self.training:
            feats, lengths = self.specaug(feats, lengths)
        encoded, olens = self.encoders(feats, lengths, self.dropout)
        return encoded, olens, None

    def _pad_or_trim(self, xs_pad: Tensor, ilens: Tensor) -> tuple[Tensor, Tensor]:
        xs_pad = xs_pad.masked_fill(make_pad_mask(ilens, xs_pad.size(1)).to(xs_pad.device), 0.0)
        missing = self.max_samples - xs_pad.size(1)
        return torch.nn.functional.pad(xs_pad, (0, missing)), torch.full_like(ilens, self.max_samples)

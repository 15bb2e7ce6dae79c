"""The encoder of a Whisper network as a front end.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, https://arxiv.org/abs/2212.04356
"""
# Shapes: B batch, N samples, S frames of 20 ms, D model size
from torch import Tensor

from espnet2.asr.abs_frontend import AbsFrontend
from espnet2.layers.whisper_features import SAMPLE_RATE, WhisperLogMel
from espnet2.layers.whisper_weights import build_whisper
from espnet2.utils.errors import InputError
from espnet2.utils.types import parse_size


class WhisperFrontend(AbsFrontend):
    """What Whisper's encoder makes of a waveform. The decoder is kept beside it, as published checkpoints hold both.

    Args:
        whisper_model: A size such as ``small``, a ``.pt`` file, or a folder of Hugging Face.
        fs: Sample rate, which must be 16000.
        freeze_weights: Do not train the encoder.
        download_dir: Where the weights of a size are looked for.

    Raises:
        InputError: If the sample rate is another one, or the weights are nowhere.
    """

    def __init__(
        self,
        whisper_model: str = "small",
        fs: int | str = SAMPLE_RATE,
        freeze_weights: bool = True,
        download_dir: str | None = None,
    ) -> None:
        super().__init__()
        if parse_size(fs) != SAMPLE_RATE:
            raise InputError(f"frontend_conf: Whisper hears {SAMPLE_RATE} Hz only, not {fs}")
        self.sample_rate = SAMPLE_RATE
        self.whisper = build_whisper(whisper_model, download_dir)
        self.whisper.decoder.requires_grad_(False)
        if freeze_weights:
            self.whisper.encoder.requires_grad_(False)
        self.log_mel = WhisperLogMel(self.whisper.encoder.conv1.in_channels)

    def output_size(self) -> int:
        """Model size D of the encoder."""
        return self.whisper.encoder.conv1.out_channels

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode; what lies beyond the network's 30 seconds is left out.

        Raises:
            TooShortUttError: If the longest utterance is too short for one frame.

        Shapes:
            input (B, N), input_lengths (B,) -> (B, S, D), (B,)
        """
        return self.whisper.encoder(*self.log_mel(input, input_lengths))

"""The features that Whisper networks read.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, https://arxiv.org/abs/2212.04356,
section 2.2.
"""
# Shapes: B batch, N samples, T frames, M mel bands
import torch
from torch import Tensor

from espnet2.layers.log_mel import mel_filterbank
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.too_short import TooShortUttError

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
DYNAMIC_RANGE = 8.0  # powers of ten below the loudest band of an utterance


class WhisperLogMel(torch.nn.Module):
    """Log-mel energies of 25 ms every 10 ms, within 80 dB of an utterance's loudest one, scaled to about -1 .. 1.

    The end of each utterance is mirrored where it ends, not where the batch does, so that padding changes nothing.

    Args:
        n_mels: Number of bands M.
    """

    mel_filters: Tensor

    def __init__(self, n_mels: int) -> None:
        super().__init__()
        filters = torch.from_numpy(mel_filterbank(SAMPLE_RATE, WINDOW_SAMPLES, n_mels))  # (F, M)
        self.register_buffer("mel_filters", filters, persistent=False)

    def forward(self, wave: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Extract features; frames beyond an utterance are zero.

        Raises:
            TooShortUttError: If even the longest utterance is too short to be mirrored at its ends.

        Shapes:
            wave (B, N), lengths (B,) -> (B, T, M), (B,) with T = N // 160
        """
        margin = WINDOW_SAMPLES // 2
        if wave.size(1) <= margin:
            raise TooShortUttError("Whisper's short-time Fourier transform", wave.size(1), margin + 1, "samples")
        window = torch.hann_window(WINDOW_SAMPLES, device=wave.device)
        spectrum = torch.stft(
            _mirror_ends(wave.float(), lengths, margin),
            WINDOW_SAMPLES,
            HOP_SAMPLES,
            window=window,
            center=False,
            return_complex=True,
        )
        power = spectrum[..., :-1].abs().square().transpose(1, 2)  # (B, T, F)
        mels = (power @ self.mel_filters.float()).clamp(min=1e-10).log10()
        olens = lengths // HOP_SAMPLES
        is_padding = make_pad_mask(olens, mels.size(1)).unsqueeze(-1)
        loudest = mels.masked_fill(is_padding, -torch.inf).amax((1, 2), keepdim=True)
        mels = (torch.maximum(mels, loudest - DYNAMIC_RANGE) + 4.0) / 4.0
        return mels.masked_fill(is_padding, 0.0).to(wave.dtype), olens


def _mirror_ends(wave: Tensor, lengths: Tensor, margin: int) -> Tensor:
    """Continue each utterance by its own mirror image on both sides.

    Shapes:
        wave (B, N), lengths (B,) -> (B, N + 2 * margin)
    """
    places = torch.arange(-margin, wave.size(1) + margin, device=wave.device).abs()
    last = lengths.to(wave.device).unsqueeze(1) - 1  # (B, 1)
    sources = last - (last - places).abs()  # behind the end it goes back
    return wave.gather(1, sources.clamp(min=0, max=wave.size(1) - 1))

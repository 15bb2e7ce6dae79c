"""From amplitudes to a waveform without a trained vocoder: phases that fit are found by iteration.

Griffin, Lim, "Signal estimation from modified short-time Fourier transform", 1984; with momentum: Perraudin, Balazs,
Soendergaard, "A fast Griffin-Lim algorithm", 2013.
"""
# Shapes: T frames, D features, F frequencies, N samples
import torch
import torchaudio
from torch import Tensor

from espnet2.tts.feats_extract.spectrum import LEAST_POWER, LinearSpectrogram
from espnet2.utils.errors import InputError


class GriffinLim(torch.nn.Module):
    """A vocoder for the features of ``feats_extract``.

    Args:
        feats_extract: How the features were made.
        fs: Sample rate; by default that of the features.
        iterations: How often phases are improved.
        momentum: How far each step goes on in the direction of the last.

    Raises:
        InputError: If the features do not tell their sample rate and none is given.
    """

    def __init__(
        self, feats_extract: LinearSpectrogram, fs: int | None = None, iterations: int = 32, momentum: float = 0.99
    ):
        super().__init__()
        rate = fs or feats_extract.get_parameters().get("fs")
        if rate is None:
            raise InputError("Griffin-Lim: these features do not tell their sample rate; give vocoder_conf fs=...")
        self.fs = int(rate)
        self.feats_extract = feats_extract
        self.iterations = iterations
        self.momentum = momentum

    def forward(self, feats: Tensor) -> Tensor:
        """Features on their own scale to samples: (T, D) -> (N,)."""
        stft = self.feats_extract.stft
        amplitude = self.feats_extract.to_amplitude(feats).float().transpose(0, 1)  # (F, T)
        missing = stft.n_fft // (2 * stft.hop_length) + 2 - len(feats)  # frames that a mirrored edge needs
        if missing > 0:
            amplitude = torch.nn.functional.pad(amplitude, (0, missing), value=LEAST_POWER)
        samples = torchaudio.functional.griffinlim(
            amplitude,
            window=stft.window_values(feats.device),
            n_fft=stft.n_fft,
            hop_length=stft.hop_length,
            win_length=stft.win_length,
            power=1.0,
            n_iter=self.iterations,
            momentum=self.momentum,
            length=None,
            rand_init=True,
        )
        return samples[: max(len(feats) - 1, 1) * stft.hop_length]

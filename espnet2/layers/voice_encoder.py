"""A vector that tells who speaks: the LSTM of the GE2E loss, with the weights that the package Resemblyzer ships.

Wan, Wang, Papir, Moreno, "Generalized end-to-end loss for speaker verification", 2018, https://arxiv.org/abs/1710.10467;
https://github.com/resemble-ai/Resemblyzer. Only the file of weights is used, so that what else the package wants (webrtcvad,
librosa) need not be there: silence is not cut out.
"""
# Shapes: N samples, T frames, P parts of an utterance, D size of the vector

import importlib.util
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.log_mel import mel_filterbank
from espnet2.utils.errors import InputError

SAMPLE_RATE = 16000
SIZE = 256
_N_FFT, _HOP_LENGTH, _N_MELS = 400, 160, 40
_PART_FRAMES = 160  # 1.6 s
_STEP_FRAMES = 77  # between the starts of parts: 1.3 parts a second
_LEAST_RMS = 10 ** (-30 / 20)  # -30 dBFS: softer speech is made louder


class VoiceEncoder(torch.nn.Module):
    """Speech at 16 kHz to a vector of length 1."""

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(_N_MELS, SIZE, num_layers=3, batch_first=True)
        self.linear = torch.nn.Linear(SIZE, SIZE)
        filters = torch.from_numpy(mel_filterbank(SAMPLE_RATE, _N_FFT, _N_MELS))
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(_N_FFT), persistent=False)

    @classmethod
    def pretrained(cls) -> "VoiceEncoder":
        """The network with Resemblyzer's weights.

        Raises:
            InputError: If the package is not installed.
        """
        found = importlib.util.find_spec("resemblyzer")
        if found is None or found.origin is None:
            raise InputError("Speaker embeddings need a package that is not installed: pip install --no-deps resemblyzer")
        encoder = cls()
        path = Path(found.origin).with_name("pretrained.pt")
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        encoder.load_state_dict({name: state[name] for name in encoder.state_dict()})
        return encoder.eval()

    @torch.no_grad()
    def forward(self, speech: Tensor) -> Tensor:
        """The mean of the vectors of its parts: (N,) -> (D,), D = 256.

        Args:
            speech: Samples in -1 to 1, at 16 kHz.
        """
        rms = speech.square().mean().sqrt().clamp(min=1e-6)
        speech = speech * (_LEAST_RMS / rms).clamp(min=1.0)
        spectrum = torch.stft(speech, _N_FFT, _HOP_LENGTH, window=self.window, pad_mode="constant", return_complex=True)
        mels = spectrum.abs().square().T @ self.filters  # (T, M)
        count = max(1, math.ceil((len(mels) - _PART_FRAMES) / _STEP_FRAMES) + 1)
        mels = F.pad(mels, (0, 0, 0, max(0, (count - 1) * _STEP_FRAMES + _PART_FRAMES - len(mels))))
        parts = mels.unfold(0, _PART_FRAMES, _STEP_FRAMES).transpose(1, 2)  # (P, 160, M)
        _, (hidden, _) = self.lstm(parts)
        vectors = F.normalize(F.relu(self.linear(hidden[-1])), dim=1)  # (P, D)
        return F.normalize(vectors.mean(0), dim=0)

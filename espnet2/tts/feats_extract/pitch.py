"""The fundamental frequency of each frame, or of each token.

DIO: Morise, Kawahara, Katayose, "Fast and reliable F0 estimation method based on the period extraction of vocal fold
vibration of singing voice and speech", AES 2009. Harvest: Morise, "Harvest: A high-performance fundamental frequency
estimator from speech signals", Interspeech 2017. Both are those of WORLD, https://github.com/mmorise/World, and come with
the package pyworld (or pyworld-prebuilt, which need not compile). YIN needs nothing but torch: see ``yin.py``.
"""
# Shapes: B batch, N samples, T frames
import logging
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.tts.feats_extract.frame_values import FrameValues
from espnet2.tts.feats_extract.yin import yin
from espnet2.utils.errors import InputError
from espnet2.utils.types import parse_size


class Pitch(FrameValues):
    """Fundamental frequency in Hz, or its logarithm; 0 where there is no voice, unless the gaps are filled.

    Args:
        fs: Sample rate, such as 22050 or "16k".
        n_fft: Accepted as in configurations; the trackers choose their own windows.
        hop_length: Samples between frames.
        f0min: Lowest pitch, in Hz.
        f0max: Highest pitch, in Hz.
        use_token_averaged_f0: Average over the voiced frames of each token.
        use_continuous_f0: Interpolate where there is no voice.
        use_log_f0: Take the natural logarithm.
        use_discrete_f0: Not supported.
        reduction_factor: Frames per unit of duration; 1 when None.

    Raises:
        InputError: If ``use_discrete_f0`` is set.
    """

    def __init__(
        self,
        fs: int | str = 22050,
        n_fft: int = 1024,
        hop_length: int = 256,
        f0min: float = 80,
        f0max: float = 400,
        use_token_averaged_f0: bool = True,
        use_continuous_f0: bool = True,
        use_log_f0: bool = True,
        use_discrete_f0: bool = False,
        reduction_factor: int | None = None,
    ) -> None:
        super().__init__(use_token_averaged_f0, reduction_factor, positive_only=True)
        if use_discrete_f0:
            raise InputError("pitch_extract_conf: use_discrete_f0 is not supported.")
        self.fs = parse_size(fs)
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.f0min = f0min
        self.f0max = f0max
        self.use_continuous_f0 = use_continuous_f0
        self.use_log_f0 = use_log_f0

    @abstractmethod
    def track(self, wave: np.ndarray) -> np.ndarray:
        """F0 in Hz per frame, 0 without voice: float64 (N,) -> (T,)."""

    def get_parameters(self) -> dict[str, Any]:
        """How the pitch is tracked."""
        sizes = {"fs": self.fs, "n_fft": self.n_fft, "n_shift": self.hop_length}
        return {**sizes, "f0min": self.f0min, "f0max": self.f0max, "use_log_f0": self.use_log_f0}

    def frame_values(self, input: Tensor, input_lengths: Tensor) -> list[Tensor]:
        """Pitch of each utterance: input (B, N), input_lengths (B,) -> B tensors (T_i,)."""
        values = []
        for wave, length in zip(input, input_lengths.tolist()):
            f0 = self.track(wave[:length].double().cpu().numpy())
            if self.use_continuous_f0:
                f0 = fill_gaps(f0)
            if self.use_log_f0:
                voiced = f0 > 0
                f0[voiced] = np.log(f0[voiced])
            values.append(torch.from_numpy(f0).float().to(input.device))
        return values


def fill_gaps(f0: np.ndarray) -> np.ndarray:
    """Interpolate linearly between voiced frames, and hold the first and the last value at the edges: (T,) -> (T,)."""
    voiced = np.flatnonzero(f0)
    if len(voiced) == 0:
        logging.warning("No voice was found in an utterance; its pitch is 0 everywhere.")
        return f0
    return np.interp(np.arange(len(f0)), voiced, f0[voiced])


class Dio(Pitch):
    """DIO, refined by StoneMask; YIN where pyworld is not installed, with a note."""

    estimator = "dio"

    def track(self, wave: np.ndarray) -> np.ndarray:
        """F0 in Hz per frame, 0 without voice: float64 (N,) -> (T,)."""
        try:
            import pyworld
        except ImportError:
            _note_fallback(self.estimator)
            return yin(wave, self.fs, self.hop_length, self.f0min, self.f0max)
        period = 1000.0 * self.hop_length / self.fs  # ms
        estimate = getattr(pyworld, self.estimator)
        f0, times = estimate(wave, self.fs, f0_floor=self.f0min, f0_ceil=self.f0max, frame_period=period)
        return pyworld.stonemask(wave, f0, times, self.fs)


class Harvest(Dio):
    """Harvest, refined by StoneMask; YIN where pyworld is not installed, with a note."""

    estimator = "harvest"


class Yin(Pitch):
    """YIN; needs no further package."""

    def track(self, wave: np.ndarray) -> np.ndarray:
        """F0 in Hz per frame, 0 without voice: float64 (N,) -> (T,)."""
        return yin(wave, self.fs, self.hop_length, self.f0min, self.f0max)


_noted: set[str] = set()


def _note_fallback(name: str) -> None:
    if name not in _noted:
        _noted.add(name)
        logging.warning(
            f"pitch_extract: {name} needs pyworld (pip install pyworld-prebuilt); YIN takes its place. Statistics and models of the "
            "two differ a little: keep to one."
        )

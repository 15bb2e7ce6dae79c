"""Waveform to log-mel features."""
# Shapes: B batch, N samples, C channels, T frames, F frequencies, M mel bands; n samples and t frames of a call
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.abs_frontend import AbsFrontend
from espnet2.layers.log_mel import LogMel
from espnet2.layers.stft import Stft
from espnet2.layers.streaming_stft import FramingState, stream_stft
from espnet2.utils.errors import InputError
from espnet2.utils.types import parse_size

# Options of the multi-channel enhancement in front, which configurations carry along.
ENHANCEMENT_OPTIONS = frozenset(
    ["use_wpe", "wtype", "wlayers", "wunits", "wprojs", "wdropout_rate", "taps", "delay", "use_dnn_mask_for_wpe"]
    + ["use_beamformer", "btype", "blayers", "bunits", "bprojs", "bnmask", "badim", "ref_channel", "bdropout_rate"]
)


class DefaultFrontend(AbsFrontend):
    """Short-time Fourier transform, power, mel bands, logarithm.

    Of several channels training takes one at random for the whole batch, and evaluation the first.

    Args:
        fs: Sample rate, such as 16000 or "16k".
        n_fft: Size of the transform, in samples.
        win_length: Length of the window; ``n_fft`` when None.
        hop_length: Samples between frames.
        window: Name of a torch window; None for a rectangular one.
        center: Put frame t around sample t * hop_length.
        normalized: Scale the transform by 1 / sqrt(n_fft).
        onesided: Keep the non-negative frequencies only.
        n_mels: Number of bands M.
        fmin: Lower edge in Hz; 0 when None.
        fmax: Upper edge in Hz; half the sample rate when None.
        htk: Space the bands by HTK's mel formula.
        frontend_conf: Multi-channel enhancement; dereverberation and beamforming are refused.
        apply_stft: False when the input is a spectrum already, with real and imaginary part on the last axis.

    Raises:
        InputError: If enhancement is asked for, or an option of it is unknown.
    """

    def __init__(
        self,
        fs: int | str = 16000,
        n_fft: int = 512,
        win_length: int | None = None,
        hop_length: int = 128,
        window: str | None = "hann",
        center: bool = True,
        normalized: bool = False,
        onesided: bool = True,
        n_mels: int = 80,
        fmin: float | None = None,
        fmax: float | None = None,
        htk: bool = False,
        frontend_conf: Mapping[str, Any] | None = None,
        apply_stft: bool = True,
    ) -> None:
        super().__init__()
        _refuse_enhancement(frontend_conf or {})
        self.sample_rate = parse_size(fs)
        self.hop_length = hop_length
        self.stft = Stft(n_fft, win_length, hop_length, window, center, normalized, onesided) if apply_stft else None
        self.logmel = LogMel(self.sample_rate, n_fft, n_mels, fmin, fmax, htk)
        self.n_mels = n_mels

    def output_size(self) -> int:
        """Number of mel bands M."""
        return self.n_mels

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Extract features.

        Shapes:
            input (B, N) or (B, N, C), or without the transform (B, T, F, 2) or (B, T, C, F, 2); input_lengths (B,)
            -> (B, T, M), (B,)
        """
        has_channels = input.dim() == (5 if self.stft is None else 3)
        if has_channels:
            channel = int(torch.randint(input.size(2), (1,))) if self.training else 0
            input = input[:, :, channel]
        if self.stft is not None:
            input, input_lengths = self.stft(input, input_lengths)
        return self.logmel(input.square().sum(-1), input_lengths)

    def stream(
        self, samples: Sequence[Tensor], states: Sequence[FramingState | None], finals: Sequence[bool]
    ) -> tuple[list[Tensor], list[FramingState | None]]:
        """Extract the features of several signals' next samples; of several channels the first is taken.

        Together they are those of ``forward``, however a signal is cut.

        Args:
            samples: Next samples of each signal, none too.
            states: From the call before; None at the start.
            finals: Whether a signal ends here.

        Returns:
            The features that are complete, and the states; None after the end.

        Raises:
            InputError: If the input is a spectrum.
            TooShortUttError: If a signal ends before it is long enough for a frame.

        Shapes:
            samples [(n,) or (n, C)] -> [(t, M)]
        """
        if self.stft is None:
            raise InputError("frontend_conf: with apply_stft: false the input is a spectrum; to stream takes samples")
        first = [signal[:, 0] if signal.dim() == 2 else signal for signal in samples]
        spectra, counts, new_states = stream_stft(self.stft, first, states, finals)
        feats, _ = self.logmel(spectra.square().sum(-1).unsqueeze(0))
        return list(feats.squeeze(0).split(counts)), new_states


def _refuse_enhancement(conf: Mapping[str, Any]) -> None:
    unknown = set(conf) - ENHANCEMENT_OPTIONS
    if unknown:
        raise InputError(f"frontend_conf: {', '.join(sorted(unknown))} is not known")
    for option in ("use_wpe", "use_beamformer"):
        if conf.get(option):
            raise InputError(f"frontend_conf: {option} is not supported; enhance multi-channel speech beforehand")

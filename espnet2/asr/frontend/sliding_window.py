"""Waveform to overlapping pieces of itself, for a pre-encoder that learns its filters (``preencoder: sinc``)."""

# Shapes: B batch, N samples, C channels, T frames, W samples in a window
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.asr.abs_frontend import AbsFrontend
from espnet2.layers.streaming_stft import Framing, FramingState
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError
from espnet2.utils.types import parse_size


class SlidingWindow(AbsFrontend):
    """Cut a waveform into windows, without a taper; what is left at the end is dropped.

    Args:
        win_length: Samples W of a window.
        hop_length: Samples between the starts of windows.
        channels: Channels of the audio.
        padding: Is not supported.
        fs: Sample rate, such as 16000 or "16k"; None if any will do.

    Raises:
        InputError: If padding is asked for.
    """

    def __init__(
        self,
        win_length: int = 400,
        hop_length: int = 160,
        channels: int = 1,
        padding: int | None = None,
        fs: int | str | None = None,
    ) -> None:
        super().__init__()
        if padding is not None:
            raise InputError(f"frontend_conf: padding of sliding_window is not supported; leave it null, not {padding}")
        self.sample_rate = None if fs is None else parse_size(fs)
        self.win_length = win_length
        self.hop_length = hop_length
        self.channels = channels

    def output_size(self) -> int:
        """Samples of a window W."""
        return self.win_length

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Cut.

        Raises:
            InputError: If the audio has another number of channels.
            TooShortUttError: If even the longest utterance is shorter than a window.

        Shapes:
            input (B, N) or (B, N, C), input_lengths (B,) -> (B, T, C, W), (B,)
        """
        samples = input.unsqueeze(-1) if input.dim() == 2 else input  # (B, N, C)
        if samples.size(2) != self.channels:
            raise InputError(
                f"frontend_conf: sliding_window has channels={self.channels}, but the audio has {samples.size(2)}"
            )
        if samples.size(1) < self.win_length:
            raise TooShortUttError("the sliding window", samples.size(1), self.win_length, "samples")
        windows = samples.unfold(1, self.win_length, self.hop_length)
        num_windows = torch.div(input_lengths - self.win_length, self.hop_length, rounding_mode="floor") + 1
        return windows, num_windows.clamp(min=0)

    def stream(
        self, samples: Sequence[Tensor], states: Sequence[FramingState | None], finals: Sequence[bool]
    ) -> tuple[list[Tensor], list[FramingState | None]]:
        """Cut the next samples of several signals; see ``DefaultFrontend.stream``.

        Raises:
            InputError: If this front end has several channels.
            TooShortUttError: If a signal ends before it is as long as a window.

        Shapes:
            samples [(n,)] -> [(t, 1, W)]
        """
        if self.channels != 1:
            raise InputError(f"frontend_conf: sliding_window with channels={self.channels} cannot stream")
        framing = Framing(self.win_length, self.hop_length, 0, "the sliding window")
        cut = [framing.stream(*stream) for stream in zip(samples, states, finals)]
        return [windows.unsqueeze(1) for windows, _ in cut], [state for _, state in cut]

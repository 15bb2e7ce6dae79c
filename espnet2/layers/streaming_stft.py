"""Frames of signals that arrive piece by piece, exactly those of the whole signal.

A frame is given out once its last sample is there. What later frames need waits in the state: the samples from the
start of the next frame on and, where the edges are reflected, the last ones that the padding at the end will mirror.
So the frames do not depend on how the signal was cut, down to the last bit.
"""

# Shapes: n new samples, t new frames, W samples in a frame, F frequencies
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.layers.stft import Stft
from espnet2.layers.too_short import TooShortUttError


class FramingState(NamedTuple):
    """What one call hands to the next."""

    samples: Tensor  # (m,) that later frames, or the padding at the end, will need
    next_start: int  # where in them the next frame begins; beyond their end if frames lie apart
    is_begun: bool  # whether the signal was long enough for a first frame


@dataclass(frozen=True)
class Framing:
    """How a signal is cut.

    Args:
        size: Samples W in a frame.
        hop_length: Samples between the starts of frames.
        padding: Samples reflected at both ends.
        what: What cuts it, for the refusal of short utterances.
    """

    size: int
    hop_length: int
    padding: int
    what: str

    @property
    def least_samples(self) -> int:
        """Fewest samples that make a frame."""
        return self.padding + 1 if self.padding else self.size

    def stream(self, samples: Tensor, state: FramingState | None, is_final: bool) -> tuple[Tensor, FramingState | None]:
        """Cut what came, after what was left.

        Args:
            samples: The signal's next samples, none too.
            state: From the call before; None at the start.
            is_final: Whether the signal ends here.

        Returns:
            The frames that are complete, and the state; None after the end.

        Raises:
            TooShortUttError: If the signal ends before it is long enough for a frame, as when it comes whole.

        Shapes:
            samples (n,) -> (t, W)
        """
        waiting, start, is_begun = (samples[:0], 0, False) if state is None else state
        signal = torch.cat([waiting, samples])
        if not is_begun:
            if len(signal) < self.least_samples:
                if is_final:
                    raise TooShortUttError(self.what, len(signal), self.least_samples, "samples")
                return signal.new_empty(0, self.size), FramingState(signal, 0, False)
            signal = torch.cat([signal[1 : self.padding + 1].flip(0), signal])
        if is_final:
            signal = torch.cat([signal, signal[-self.padding - 1 : -1].flip(0)])
        num_frames = max(0, (len(signal) - start - self.size) // self.hop_length + 1)
        frames = signal[start:].unfold(0, self.size, self.hop_length) if num_frames else signal.new_empty(0, self.size)
        if is_final:
            return frames, None
        start += num_frames * self.hop_length
        mirrored = self.padding + 1 if self.padding else 0
        dropped = max(0, min(start, len(signal) - mirrored))
        return frames, FramingState(signal[dropped:].clone(), start - dropped, True)


def stream_stft(
    stft: Stft, samples: Sequence[Tensor], states: Sequence[FramingState | None], finals: Sequence[bool]
) -> tuple[Tensor, list[int], list[FramingState | None]]:
    """Transform the next samples of several independent signals at once.

    Args:
        stft: The transform.
        samples: Next samples of each signal.
        states: From the call before; None at the start.
        finals: Whether a signal ends here.

    Returns:
        The spectra of all signals' new frames, one signal after another; the number of each; the states.

    Raises:
        TooShortUttError: If a signal ends before it is long enough for a frame.

    Shapes:
        samples [(n,)] -> (sum of t, F, 2)
    """
    padding = stft.n_fft // 2 if stft.center else 0
    framing = Framing(stft.n_fft, stft.hop_length, padding, "the short-time Fourier transform")
    cut = [framing.stream(*stream) for stream in zip(samples, states, finals)]
    frames = torch.cat([frames for frames, _ in cut])
    return stft.transform_frames(frames), [len(frames) for frames, _ in cut], [state for _, state in cut]

"""Whatever a source of sound hands over, as the samples that a model takes: one channel of floats at the model's rate."""

# N samples of a chunk, n samples at the model's rate
import logging
from typing import Any

import numpy as np
from torch import Tensor

from espnet2.utils.errors import InputError

MOST_CHANNELS = 64
LOUD = 100.0  # floats beyond are no sound pressure between -1 and 1


class SampleInput:
    """The chunks of one stream, its channels averaged and resampled in passing.

    A chunk that is refused leaves no trace: the stream may go on with the next one.

    Args:
        model_rate: The rate wanted, in Hz.
        sample_rate: That of the chunks; None: the model's.
        strict_rate: Refuse chunks at another rate than the model's.
    """

    def __init__(self, model_rate: int, sample_rate: int | None = None, strict_rate: bool = False):
        self.model_rate, self.strict_rate = model_rate, strict_rate
        self.sample_rate = sample_rate
        self.num_chunks = 0
        self._resampler: Any = None
        self._is_told: set[str] = set()

    def take(self, chunk: Any, sample_rate: int | None = None) -> np.ndarray:
        """The samples that are ready.

        Args:
            chunk: An array, tensor or list: integers of 8, 16 or 32 bits over their full range, or floats between -1
                and 1. It may be empty.
            sample_rate: The rate of the chunk, which must be that of the chunks before.
        Raises:
            InputError: If the chunk is no sound, has a sample that is NaN or infinite, or another rate than the one before.

        Shapes:
            chunk (N,) or (N, channels) -> (n,)
        """
        samples = self._as_mono(_as_floats(chunk, self.num_chunks))
        bad = np.flatnonzero(~np.isfinite(samples))
        if len(bad):
            raise InputError(
                f"chunk {self.num_chunks}: sample {bad[0]} of {len(samples)} is NaN or infinite. The stream is as it was "
                "before this chunk; go on without it, or reset()."
            )
        rate = self._checked_rate(sample_rate)
        if len(samples) and np.abs(samples).max() > LOUD:
            self._tell(
                "loud", f"chunk {self.num_chunks}: floats are expected between -1 and 1; give 16-bit samples as int16"
            )
        self.num_chunks += 1
        if rate == self.model_rate:
            return samples
        if self._resampler is None:
            import soxr

            self._tell("rate", f"resampling from {rate} to the model's {self.model_rate} Hz")
            self._resampler = soxr.ResampleStream(rate, self.model_rate, 1, dtype="float32", quality="HQ")
        return self._resampler.resample_chunk(samples)

    def end(self) -> np.ndarray:
        """The samples that the resampler still held: (n,)."""
        nothing = np.zeros(0, np.float32)
        return nothing if self._resampler is None else self._resampler.resample_chunk(nothing, last=True)

    def _as_mono(self, samples: np.ndarray) -> np.ndarray:
        if samples.ndim == 1:
            return samples
        if samples.ndim != 2 or not 0 < samples.shape[1] <= MOST_CHANNELS:
            raise InputError(
                f"chunk {self.num_chunks} has the shape {tuple(samples.shape)}; expected (samples,) or (samples, channels)."
            )
        if samples.shape[1] > 1:
            self._tell("channels", f"averaging {samples.shape[1]} channels")
        return samples.mean(1)

    def _checked_rate(self, sample_rate: int | None) -> int:
        rate = sample_rate or self.sample_rate or self.model_rate
        if self.num_chunks and self.sample_rate is not None and rate != self.sample_rate:
            raise InputError(
                f"chunk {self.num_chunks}: {rate} Hz after chunks of {self.sample_rate} Hz. A stream keeps its rate; reset() "
                "begins a new one."
            )
        if rate != self.model_rate and self.strict_rate:
            raise InputError(f"{rate} Hz, but the model works at {self.model_rate} Hz; strict_rate=False resamples it.")
        if rate < 1:
            raise InputError(f"sample_rate is {rate}; it must be positive.")
        self.sample_rate = rate
        return rate

    def _tell(self, what: str, note: str) -> None:
        """Once in a stream."""
        if what not in self._is_told:
            self._is_told.add(what)
            logging.warning(note)


def _as_floats(chunk: Any, number: int) -> np.ndarray:
    """Samples as float32; integers of any kind lie between -1 and 1 then."""
    try:
        samples = chunk.detach().cpu().numpy() if isinstance(chunk, Tensor) else np.asarray(chunk)
    except (ValueError, TypeError) as error:
        raise InputError(f"chunk {number} is no array of samples: {error}") from error
    if samples.size == 0 and samples.dtype.kind in "fiu":
        return np.zeros(0, np.float32)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    if isinstance(chunk, (list, tuple)) and samples.dtype.kind == "i" and np.abs(samples).max() <= 32768:
        samples = samples.astype(np.int32) << 16  # a list of plain integers: 16 bits
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype in (np.int8, np.int16, np.int32):
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    raise InputError(
        f"chunk {number} holds {samples.dtype}; expected int16 or another kind of 8 to 32 bits, or floats."
    )

"""Random numbers of utterances that are made together: each has a stream of its own, so that it comes out as it does alone.

The streams are drawn on the CPU wherever the network computes, so they are the same there too. ``None`` in place of a stream
stands for torch's own numbers.
"""

# Shapes: B utterances, C channels, T frames, P units
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

Generators = Sequence[torch.Generator | None]
STEPS_AT_ONCE = 64  # for which masks are drawn together


def new_generator() -> torch.Generator:
    """A stream whose seed is drawn from torch's own numbers."""
    return torch.Generator().manual_seed(_seed(None))


@contextmanager
def numbers_of(generator: torch.Generator | None) -> Iterator[None]:
    """Let torch's own numbers be those of an utterance, and go on afterwards as if none had been drawn."""
    if generator is None:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(_seed(generator))
        yield


def _seed(generator: torch.Generator | None) -> int:
    return int(torch.randint(2**62, (), generator=generator))


def padded_normal(generators: Generators, channels: int, lengths: Sequence[int], like: Tensor) -> Tensor:
    """Standard normal numbers for each utterance, zeros on its padding.

    Args:
        generators: The utterances' streams.
        channels: C.
        lengths: Frames of each utterance.
        like: A tensor of the wanted precision and device.

    Shapes:
        -> (B, C, T)
    """
    noise = torch.zeros(len(lengths), channels, max(lengths))
    for own, generator, length in zip(noise, generators, lengths, strict=True):
        own[:, :length] = torch.randn(channels, length, generator=generator)
    return noise.to(like)


class StepDropout:
    """Dropout for steps that are taken one after another; each utterance draws for many steps at once.

    Args:
        generators: The utterances' streams.
        rate: Probability of zero.
        num_layers: Layers with dropout.
        num_units: P, of each layer.
        like: A tensor of the wanted precision and device.
    """

    def __init__(self, generators: Generators, rate: float, num_layers: int, num_units: int, like: Tensor) -> None:
        self._generators = list(generators)
        self._rate = rate
        self._shape = (STEPS_AT_ONCE, num_layers, num_units)
        self._like = like
        self._masks: Tensor | None = None  # (STEPS_AT_ONCE, layers, B, P)
        self._step = 0

    def next(self) -> Tensor:
        """Factors for the units of one step: (layers, B, P)."""
        if self._masks is None or self._step == STEPS_AT_ONCE:
            drawn = torch.stack([torch.rand(self._shape, generator=own) for own in self._generators], 2)
            scale = 1.0 / (1.0 - self._rate) if self._rate < 1 else 0.0
            self._masks = ((drawn >= self._rate) * scale).to(self._like)
            self._step = 0
        self._step += 1
        return self._masks[self._step - 1]

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the utterances: rows (B',)."""
        self._generators = [self._generators[row] for row in rows.tolist()]
        if self._masks is not None:
            self._masks = self._masks.index_select(2, rows)

"""Samples on their way to an encoder, which may go back to where its last utterance ended."""

# n samples
import numpy as np
import torch
from torch import Tensor


class SampleQueue:
    """The samples that are still needed, counted from the start of the stream.

    Args:
        least_samples: So many are handed out at least, until the end.
        most_samples: And at most; a longer input goes through in several pieces.
    """

    def __init__(self, least_samples: int, most_samples: int):
        self.least_samples, self.most_samples = least_samples, most_samples
        self.next = 0  # the sample handed out next
        self.end = 0  # one past the last
        self._samples = torch.zeros(0)
        self._first = 0  # of these
        self._arrived: list[np.ndarray] = []

    def put(self, samples: np.ndarray) -> None:
        """Append (n,). They are not copied before they are needed, so a source of single samples is no burden."""
        if len(samples):
            self._arrived.append(samples)
            self.end += len(samples)

    def take(self, is_closed: bool) -> Tensor | None:
        """The next samples (n,); None if there are too few. The last ones may be fewer, even none."""
        num_waiting = self.end - self.next
        if num_waiting < self.least_samples and not is_closed:
            return None
        if self._arrived:
            arrived = torch.from_numpy(np.concatenate(self._arrived))
            self._samples = torch.cat([self._samples, arrived])
            self._arrived = []
        size = min(num_waiting, self.most_samples)
        start = self.next - self._first
        self.next += size
        return self._samples[start : start + size]

    def forget_before(self, sample: int) -> None:
        """Samples before this one are not needed again."""
        self._samples = self._samples[max(0, sample - self._first) :]
        self._first = max(self._first, sample)

    def go_back(self, sample: int) -> None:
        """Hand out this sample next, or none if there are not as many."""
        self.next = min(sample, self.end)

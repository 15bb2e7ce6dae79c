"""Random numbers that belong to an utterance, not to a process.

What augmentation draws is a function of the seed, the epoch, the place in the epoch and the utterance's id. So neither
the number of workers nor a resume in the middle of an epoch changes a single sample.
"""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_by(*words: int | str) -> None:
    """Seed python's, numpy's and torch's (CPU) generators by words, in some ten microseconds."""
    digest = hashlib.blake2b("\n".join(map(str, words)).encode(), digest_size=16).digest()
    random.seed(int.from_bytes(digest[:4], "little"))
    np.random.seed(int.from_bytes(digest[4:8], "little"))
    torch.default_generator.manual_seed(int.from_bytes(digest[8:], "little"))


@contextmanager
def own_random_state() -> Iterator[None]:
    """After the block the three generators go on as if it had not been there."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    torch_state = torch.default_generator.get_state()
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.default_generator.set_state(torch_state)

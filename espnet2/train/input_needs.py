"""What a model asks of its input, so that data which do not fit are refused where they are read."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

# From the arrays of an utterance to the data that are wrong and what is wrong with them, or None.
Check = Callable[[Mapping[str, np.ndarray]], tuple[str, str] | None]


class InputNeeds(NamedTuple):
    """By the data's names; what has no name here is not checked."""

    sample_rates: Mapping[str, int] = {}
    least_lengths: Mapping[str, int] = {}  # samples or frames
    check: Check | None = None  # of the data of an utterance together, after preprocessing
    resamples: bool = False  # audio at another rate is brought to the model's instead of being refused


NO_NEEDS = InputNeeds()
